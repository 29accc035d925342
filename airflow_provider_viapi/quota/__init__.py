"""Quota that several processes share: each call waits for its turn. Knows no Airflow, and sends nothing to a cloud.

* ``turns``: the turns of one kind of call of one account, counted where all processes can count
* ``counters``: where they count: a shared storage such as Redis, or a file of the machine
* ``rate_limiter``: the poller's rate limiter, with turns
* ``submit_pace``: turns of submissions on workers
* ``job_list``: one process reads the account's job list, all learn what it showed
* ``account``: all of that for one connection
"""
