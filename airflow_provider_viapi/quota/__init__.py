"""Quota that several processes share: each call waits for its turn. Knows no Airflow, and sends nothing to a cloud.

* ``turns``: the turns of one kind of call of one account, counted where all processes can count
* ``counters``: where they count: a shared storage such as Redis, or a file of the machine
* ``pacing``: turns of the poller's calls and of submissions on workers
* ``account_quota``: all of that for one connection; one process reads its job list, all learn what it showed
"""
