"""Alibaba Cloud's RPC protocol and the actions of its VIAPI services; independent of Airflow.

* ``model``, ``parameters``: actions, parameter types, the check of a request
* ``services``: the actions themselves, as data
* ``errors``: the error class of each error code
* ``account``, ``regions``: an account, the services' addresses and regions
* ``sts``: temporary keys
* ``signing``, ``rpc``: the protocol, without I/O
* ``client``: clients for workers (``requests``) and event loops (``aiohttp``)
* ``job_backend``, ``job_reports``: jobs, as ``jobs.backend`` needs them
* ``imagesearch_job_backend``: bulk jobs of ImageSearch
* ``filter_expressions``: filters of ImageSearch, parsed and evaluated
"""
