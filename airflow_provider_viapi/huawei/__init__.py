"""Huawei Cloud's REST protocol and the actions of MetaStudio and VIAS; independent of Airflow.

* ``model``, ``parameters``: actions, kinds of jobs, parameter types
* ``services``: the actions themselves, as data: ``metastudio``, ``vias``, and two of ``iam``
* ``errors``: how error responses are read, and the error class of each
* ``config``: an account and the services' addresses
* ``iam``: tokens for passwords, and a region's project
* ``signing``, ``rest``: the protocol, without I/O
* ``client``: clients for workers (``requests``) and event loops (``aiohttp``)
* ``jobs``, ``job_lists``, ``job_reports``: jobs, as ``jobs.backend`` needs them
"""
