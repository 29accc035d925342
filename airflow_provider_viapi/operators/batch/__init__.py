"""Batch operators of each cloud: one task, many jobs of one action; loaded when they are used.

* ``operators``: the two operators; ``base``: the sequence of a batch; ``batch_arguments``, ``items``: what it takes
* ``backend``: what a batch needs of the cloud and its task; ``view``: what Airflow's UI shows of it
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_viapi.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from airflow_provider_viapi.operators.batch.operators import *  # noqa: F403

__all__, __getattr__ = lazy_exports(
    __name__, {"operators": ("HuaweiCloudBatchOperator", "ViapiBatchOperator")}
)
