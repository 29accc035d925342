"""One attempt of a task, around its job.

* ``attempt``: its store, ledger and metrics; what the steps of one job pass on; which failures no retry can fix
* ``slot_deferral``: how long it waits on its worker for its slot to submit, and its deferral until then
* ``claims``: which jobs other tasks own
* ``view``: what Airflow's UI shows, with what a job has used and what it costs
"""
