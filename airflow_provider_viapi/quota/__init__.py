"""Quota that several processes share: each call waits for its slot. Knows no Airflow, and sends nothing to a cloud.

* ``slots``: reserved slots for one kind of call of one account, counted where all processes can count
* ``counters``: where they count: a shared storage such as Redis, or a file of the machine
* ``limiters``: rate limiters of polls and of submissions, by reserved slots
* ``account_quota``: all of that for one connection; one process reads its job list, all learn what it showed
"""
