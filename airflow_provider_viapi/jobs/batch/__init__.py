"""Many jobs as one task.

* ``runner``: when to submit and how long to wait
* ``running_jobs``: what a batch needs of its cloud and its task; collect results, expire, cancel
* ``wait``: wait for running jobs
* ``ledger``, ``item_records``: what was submitted, over attempts
* ``background_wait``: the poller in a thread while the worker submits
* ``report``: progress and returned rows; ``failures``: of items, and of the batch
* ``limits``: jobs in flight, failures, time, length and cost
"""
