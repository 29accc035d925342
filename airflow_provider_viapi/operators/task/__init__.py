"""One attempt of a task, around its job.

* ``attempt``: its store, ledger and metrics; ``permanent_errors``: which failures no retry can fix
* ``retry_policy``: when a retry comes; ``claims``: which jobs other tasks own
* ``view``: what Airflow's UI shows; ``usage``: what a job has used, and what it costs
"""
