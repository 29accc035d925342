"""Huawei Cloud's REST protocol and the actions of MetaStudio and VIAS; independent of Airflow.

* ``model``, ``parameters``: actions, kinds of jobs, parameter types
* ``services``: the actions themselves, as data: ``metastudio``, ``vias``, and two of ``iam``
* ``errors``: how error responses are read, and the error class of each
* ``account``, ``regions``: an account, the services' addresses and regions
* ``signing``, ``rest``: the protocol, without I/O
* ``client``: clients for workers (``requests``) and event loops (``aiohttp``); they get tokens and a region's project
* ``job_backend``, ``recent_jobs``, ``job_reports``: jobs, as ``jobs.backend`` needs them
* ``alarm_messages``: parser of VIAS's alarm messages; ``alarm_events``: the alarms that it returns
"""
