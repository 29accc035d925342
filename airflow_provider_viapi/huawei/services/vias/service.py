"""The service VIAS, the states of its tasks, and parameters that several of its actions share."""

from __future__ import annotations

from functools import partial

from airflow_provider_viapi.huawei.model import Action, Service, States
from airflow_provider_viapi.huawei.regions import VIAS
from airflow_provider_viapi.huawei.services.vias.inputs import Schedule
from airflow_provider_viapi.huawei.services.vias.outputs import AlarmOutput
from airflow_provider_viapi.huawei.services.vias.settings import AlgorithmConfig
from airflow_provider_viapi.scalar_parameters import INT32, Boolean, Choice, Integer, String
from airflow_provider_viapi.schema import Parameter

NOT_FOUND = "VIAS.00010002"
"""Error code in response to the id of something that does not exist."""

SERVICE = Service("vias", regions=VIAS, repeats_credentials=True)

action = partial(Action, service=SERVICE)
"""Return an action of VIAS."""

TASK_STATES = States(
    pending=(
        "PENDING",
        "RECOVERING",
        "STARTING",
        "UPGRADING",
        "RUNNING",
        "STOPPING",
        "DELETING",
        "FREEZING",
    ),
    succeeded=("SUCCEEDED",),
    failed=("CREATE_FAILED", "START_FAILED", "ABNORMAL", "FAILED", "FROZEN"),
    cancelled=("STOPPED",),
    cancelling=("STOPPING",),
    # Such as when its camera is back.
    may_continue=("ABNORMAL", "FROZEN"),
)
"""A task on a stream stays RUNNING; that a task on a file ends as SUCCEEDED or FAILED is inferred."""

ENDED = ("STOPPING", "STOPPED", "SUCCEEDED", "DELETING", "CREATE_FAILED", "START_FAILED", "FAILED")
"""States of a task that has ended or is about to, so that it need not be stopped."""

COMMAND = Choice(
    name="command", required=True, choices=("start", "stop"), doc="Command to execute: start or stop."
)

BATCH_RESPONSE = ("total_count", "failed_count", "succeed_count", "id", "error_list")
"""Response to the actions on batch tasks: how many tasks, and the reasons of those that failed."""


def identifier(name: str, doc: str) -> String:
    """Return a required id."""
    return String(name=name, required=True, min_length=1, doc=doc)


def paging(largest_page: int | None = None) -> tuple[Parameter, ...]:
    """Return the parameters by which a list is sorted and split into pages."""
    return (
        String(name="sort_name", doc="Field to sort by."),
        String(name="order_by", doc="Direction to sort in: asc or desc."),
        Boolean(name="is_paged", doc="Split the response into pages."),
        Integer(
            name="page_size",
            minimum=5 if largest_page else 1,
            maximum=largest_page or INT32,
            doc="Items on a page.",
        ),
        Integer(name="page_num", minimum=1, doc="Number of the page, from 1."),
    )


def task_settings(*, required: bool) -> tuple[Parameter, ...]:
    """Return the parameters that tasks and batch tasks share, besides name, version and input.

    :param required: the output has to be given, which only creating needs
    """
    return (
        AlarmOutput(
            name="output",
            required=required,
            doc="Destination of alarms: webhook (url, headers, data_category), dis (stream_name, data_category), obs "
            "(bucket, path, data_category) and event_center (true or false).",
        ),
        String(name="description", doc="Description of the task."),
        Schedule(
            name="schedule",
            required_fields=("type",),
            doc="Times at which the task runs: type, timezone, days_of_week, periods; weekly schedules only.",
        ),
        AlgorithmConfig(
            name="config",
            doc="Settings of the algorithm, under the key common; only known ones are checked.",
        ),
        Boolean(name="is_saved_as_template", doc="Save the settings as a template."),
        String(
            name="resource_order_id", doc="Order of prepaid resources; required for commercial algorithms."
        ),
    )


LATEST = "latest"
"""Placeholder of the version that the account has; it is looked up before a task is created."""

SERVICE_VERSION = String(
    name="service_version",
    required=True,
    min_length=3,
    max_length=32,
    pattern=r"[a-z0-9.]+",
    characters="lower-case letters, digits and dots",
    doc="Version of the algorithm, such as 1.2.",
)

ALGORITHM_NAME = String(
    name="service_name",
    required=True,
    min_length=1,
    max_length=128,
    pattern=r"[A-Za-z0-9._-]+",
    characters="letters, digits, dots, dashes and underscores",
    doc="Name of the algorithm, such as c-flowcount-cloud.",
)
