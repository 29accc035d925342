"""Huawei Cloud's REST protocol and the actions of MetaStudio and VIAS.

Useful without Airflow, and never imports it. Everything here is a pure function over plain values, except ``client``,
which calls the services.

* ``errors``: how its error answers are read; the tree itself is ``airflow_provider_viapi.errors``
* ``model``: what an action is, and a kind of job
* ``services``: the actions themselves, as data: ``metastudio``, ``vias``, and the two of ``iam``
* ``signature``: SDK-HMAC-SHA256, for whoever signs and whoever checks
* ``account``, ``tokens``: whose key or token, in which project, at which address
* ``rest``: a request to bytes, bytes to an answer or an error
* ``client``: the same over ``requests`` for workers and ``httpx`` for event loops
* ``calls``: every action as a method with typed arguments
"""
