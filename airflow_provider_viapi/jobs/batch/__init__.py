"""Many jobs as one task.

* ``pipeline``: submit, wait, submit more; ``wait``: the finished jobs; ``interfaces``: what a batch needs of a task
* ``ledger``, ``paged_store``: what was submitted, over attempts
* ``background_wait``: the poller in a thread while the worker submits
* ``report``, ``budget``: the outcome; limits of length and cost
"""
