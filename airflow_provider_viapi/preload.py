"""Load what the task of a job imports, once, in the process that starts the tasks' processes.

Airflow 3 starts a process for each attempt of a task and after each deferral, and each of them imports these modules
unless the process that it was forked from has done so. docs/operate.md#imports says where to import this module, and
what that saves. Nothing in the package imports it.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

PACKAGE = "airflow_provider_viapi"

MODULES = (
    "alibaba.account",
    "alibaba.client",
    "alibaba.job_backend",
    "alibaba.sts",
    "hooks.airflow_stats",
    "hooks.connection_form",
    "hooks.huaweicloud",
    "hooks.viapi",
    "http_session",
    "huawei.account",
    "huawei.client",
    "huawei.job_backend",
    "jobs.polling.poller",
    "jobs.submission",
    "jobs.usage_and_cost",
    "media.inputs.request_media",
    "media.inputs.still_images",
    "media.media_headers",
    "media.outputs.landing",
    "media.outputs.lineage",
    "media.ssrf_guard",
    "operators.batch.operators",
    "operators.huaweicloud",
    "operators.task.claims",
    "operators.videoenhan.editing",
    "operators.viapi",
    "quota.account_quota",
    "quota.limiters",
    "state.stores",
    "triggers.job",
)
"""Modules of the package that a job needs; they import the others."""

EXTRAS = ("limits.storage", "redis")
"""Modules of the extra ``quota``."""

for name in ("requests", *(f"{PACKAGE}.{each}" for each in MODULES)):
    import_module(name)
for name in EXTRAS:
    if find_spec(name.partition(".")[0]) is not None:
        import_module(name)
