"""Alibaba Cloud's RPC protocol and the actions of its VIAPI services; independent of Airflow.

* ``model``, ``parameters``: actions, parameter types, the check of a request
* ``services``: the actions themselves, as data
* ``errors``: the error class of each error code
* ``config``: an account and the services' addresses
* ``sts``: temporary keys
* ``signing``, ``rpc``, ``xml``: the protocol, without I/O
* ``client``: clients for workers (``requests``) and event loops (``aiohttp``)
* ``jobs``: jobs, as ``jobs.backend`` needs them
"""
