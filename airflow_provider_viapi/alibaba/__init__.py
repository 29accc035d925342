"""Alibaba Cloud's RPC protocol and the actions of its VIAPI services.

Useful without Airflow, and never imports it. Everything here is a pure function over plain values, except ``client``,
which calls the services, and ``credentials_provider``, which has a library fetch keys.

* ``errors``: the tree of what can go wrong
* ``model``, ``parameters``: what an action is, and the check of a request against it
* ``services``: the actions themselves, as data
* ``credentials``, ``credentials_provider``: who is asking, and temporary keys
* ``signature``, ``acs3``: the two ways to sign
* ``rpc``, ``stamp``: a request to bytes, bytes to a result or an error
* ``account``: whose key, at which address
* ``client``: the two transports, ``requests`` for workers and ``httpx`` for event loops
"""
