"""What a job is, and the waiting for it; knows neither Airflow nor HTTP.

* ``job``: a job, and a report of how it stands
* ``service``: the seam through which a cloud's jobs are asked after
* ``viapi``: Alibaba Cloud VIAPI behind that seam
* ``poller``: the waiting
"""
