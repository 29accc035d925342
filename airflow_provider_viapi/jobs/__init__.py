"""Jobs of any cloud: submit once, wait with few calls, run many as a batch. Imports neither Airflow nor HTTP.

* ``model``, ``backend``: a job and its report; what a cloud implements
* ``ledger``, ``submission``, ``reconciliation``, ``task_run``: a job is paid for once
* ``poller``, ``list_reader``, ``poll_schedule``, ``supervision``, ``rate_limiter``, ``poller_registry``,
  ``message_reader``, ``metrics``: wait for jobs
* ``batch``, ``batch_interfaces``, ``batch_ledger``, ``batch_report``, ``batch_wait``, ``paged_store``: many
  jobs as one task
"""
