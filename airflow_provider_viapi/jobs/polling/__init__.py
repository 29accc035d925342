"""Wait for jobs with few calls.

* ``poller``: one per event loop and connection, kept in ``hooks.waiting``
* ``pending_jobs``: the jobs that are waited for; ``poll_queue``: their polls
* ``list_reader``, ``message_reader``: the job list; messages about finished jobs
* ``intervals``, ``rate_limiter``: between two polls; calls per second
* ``supervised_loops``: loops that no exception ends
"""
