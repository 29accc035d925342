"""Wait for jobs with few calls.

* ``poller``: one per event loop and connection, kept in ``registry``
* ``pending_jobs``, ``intervals``: the queue of polls; how long to wait between two
* ``list_reader``, ``message_reader``: the job list; messages about finished jobs
* ``rate_limiter``, ``supervision``: calls per second; loops that no exception ends
"""
