"""Many jobs as one task.

* ``runner``: when to submit and how long to wait; ``running_jobs``: collect results, expire, cancel
* ``wait``: wait for running jobs; ``interfaces``: what a batch needs of a task
* ``ledger``, ``paged_store``: what was submitted, over attempts
* ``background_wait``: the poller in a thread while the worker submits
* ``report``, ``cost_limits``: the outcome; limits of length and cost
"""
