"""Wait for jobs with few calls.

* ``poller``: one per event loop and connection, kept in ``registry``
* ``schedule``, ``list_reader``, ``message_reader``: when a job is polled; the job list; messages about finished jobs
* ``rate_limiter``, ``supervision``: calls per second; loops that no exception ends
"""
