"""Jobs of any cloud: submit once, wait with few calls, run many as a batch. Imports neither Airflow nor HTTP.

* ``model``, ``backend``: a job and its report; what a cloud implements
* ``submission``, ``submit_slot``, ``submission_record``, ``ledger``, ``recovery``, ``reconciliation``,
  ``attempt_context``: a job is paid for once
* ``metrics``, ``usage_and_cost``: what is measured; what it costs
* ``polling/``: wait for jobs; ``batch/``: many jobs as one task
"""
