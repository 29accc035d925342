"""One attempt of a task, around its job.

* ``attempt``: its store, ledger and metrics; what the steps of one job pass on; which failures no retry can fix
* ``claims``: which jobs other tasks own
* ``view``: what Airflow's UI shows, with what a job has used and what it costs
"""
