"""What a job is, having it accepted once, and the waiting for it; knows neither Airflow nor HTTP.

* ``job``: a job, and a report of how it stands
* ``service``: the seam through which a cloud's jobs are asked after
* ``viapi``: Alibaba Cloud VIAPI behind that seam
* ``ledger``, ``submission``, ``doubt``: a job is paid for once
* ``poller``, ``watch``, ``pace``, ``quota``: the waiting, with few calls
* ``sharing``: one poller per connection and event loop
"""
