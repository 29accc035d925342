"""Alibaba Cloud's RPC protocol and the actions of its VIAPI services.

Useful without Airflow, and never imports it. Everything here is a pure function over plain values, except
``client``, which is the only module of this room that opens a socket.

* ``errors``: the tree of what can go wrong
* ``model``: what an action is, and the check of a request against it
* ``services``: the actions themselves, as data
* ``signature``: credentials and signature 1.0
* ``rpc``: a request to bytes, bytes to a result or an error
* ``account``: whose key, at which address
* ``client``: the two transports, ``requests`` for workers and ``httpx`` for event loops
"""
