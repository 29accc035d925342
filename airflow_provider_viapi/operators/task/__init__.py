"""One attempt of a task, around its job.

* ``job_run``: what the steps of one job pass on; ``attempt``: its store, ledger and metrics
* ``permanent_errors``: which failures no retry can fix; ``claims``: which jobs other tasks own
* ``view``: what Airflow's UI shows, with what a job has used and what it costs
"""
