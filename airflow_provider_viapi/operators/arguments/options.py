"""Types of operators' arguments, for editors and type checkers: those that all operators share, and those of values.

An operator declares ``**kwargs: Unpack[ViapiJobOptions]`` and passes them on; a base class names its dictionary in
``_options``. The docstrings of the dictionaries describe the shared arguments; :func:`describe` appends them to the
docstring of every operator and of the base classes.
"""

from __future__ import annotations

import re
from functools import cache
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
    from datetime import datetime, timedelta

    from airflow.providers.common.compat.sdk import XComArg
    from typing_extensions import Required, TypedDict
else:
    # A real one evaluates all annotations when a DAG file is imported; only type checkers need that.
    class TypedDict:  # noqa: D101
        def __init_subclass__(cls, *, total: bool = True) -> None:
            super().__init_subclass__()


Address: TypeAlias = "str | os.PathLike[str] | XComArg"
"""URL or storage address of a file: text, a template, a path such as ``ObjectStoragePath``, another task's output."""

Text: TypeAlias = "str | XComArg"
"""Text, a template, or another task's output."""

Integer: TypeAlias = "int | str | XComArg"
"""Whole number, a template that renders to one, or another task's output."""

Number: TypeAlias = "float | str | XComArg"
"""Number, a template that renders to one, or another task's output."""

Flag: TypeAlias = "bool | str | XComArg"
"""True or false, a template that renders to ``true`` or ``false``, or another task's output."""

Object: TypeAlias = "Mapping[str, Any] | XComArg"
"""Mapping of JSON values, which may contain templates, or another task's output."""

ObjectList: TypeAlias = "Sequence[Mapping[str, Any]] | XComArg"
"""List of such mappings, or another task's output."""

TextList: TypeAlias = "Sequence[str] | XComArg"
"""List of texts, which may be templates, or another task's output."""

Callback: TypeAlias = "Callable[[Any], Any] | Collection[Callable[[Any], Any]] | None"


class TaskOptions(TypedDict, total=False):
    """Arguments of Airflow's ``BaseOperator``, such as:

    :param task_id: id of the task, unique in its DAG
    :param retries: how often a failed task is retried; an error that no retry can fix is not retried
    :param retry_delay: wait between retries; default: 5 minutes
    :param execution_timeout: limit of an attempt; it is not enforced while the task is deferred, ``job_timeout`` is
    :param pool: pool that limits how many tasks run at once
    :param outlets: assets that the task updates
    :param trigger_rule: states of upstream tasks that start the task; default: ``all_success``
    :param map_index_template: label of a mapped task, such as ``{{ task.video_url }}``
    """

    task_id: Required[str]
    owner: str
    email: str | Sequence[str] | None
    email_on_retry: bool
    email_on_failure: bool
    retries: int | None
    retry_delay: timedelta | float
    retry_exponential_backoff: bool | float
    max_retry_delay: timedelta | float | None
    retry_policy: Any
    start_date: datetime | None
    end_date: datetime | None
    depends_on_past: bool
    ignore_first_depends_on_past: bool
    wait_for_past_depends_before_skipping: bool
    wait_for_downstream: bool
    dag: Any
    params: MutableMapping[str, Any] | None
    default_args: dict[str, Any] | None
    priority_weight: int
    weight_rule: Any
    queue: str
    pool: str | None
    pool_slots: int
    sla: timedelta | None
    execution_timeout: timedelta | None
    on_execute_callback: Callback
    on_failure_callback: Callback
    on_success_callback: Callback
    on_retry_callback: Callback
    on_skipped_callback: Callback
    pre_execute: Callable[..., Any] | None
    post_execute: Callable[..., Any] | None
    trigger_rule: str
    resources: dict[str, Any] | None
    run_as_user: str | None
    map_index_template: str | None
    max_active_tis_per_dag: int | None
    max_active_tis_per_dagrun: int | None
    executor: str | None
    executor_config: dict[str, Any] | None
    do_xcom_push: bool
    multiple_outputs: bool
    inlets: Any
    outlets: Any
    task_group: Any
    doc: str | None
    doc_md: str | None
    doc_json: str | None
    doc_yaml: str | None
    doc_rst: str | None
    task_display_name: str | None
    logger_name: str | None
    allow_nested_operators: bool
    render_template_as_native_obj: bool | None


class LandOptions(TypedDict, total=False):
    """Arguments of every operator whose result can hold files:

    :param land_to: where the files of the result are stored before their links expire: a folder (ends with ``/``) in
        any storage that Airflow's ``ObjectStoragePath`` opens, or the name of one file, with placeholders such as
        ``{task_id}``, ``{map_index}``, ``{key}`` and ``{job_id}``; the result gains ``landed``, the address of each
        file
    :param allowed_hosts: private hosts (``host`` or ``host:port``) that results may be downloaded from; default: the
        connection's own endpoint
    """

    land_to: Address | None
    allowed_hosts: Sequence[str]


class WaitOptions(LandOptions, total=False):
    """Arguments of every operator that runs a job:

    :param deferrable: wait in the triggerer instead of on a worker; default: ``[operators] default_deferrable``
    :param wait_for_completion: if false, return the job's id as soon as the job is accepted, and a sensor can wait
        for it; default: true
    :param job_timeout: how long an attempt waits for the job: a ``timedelta`` or seconds, up to 30 days, and shorter
        than the task's state is kept (default: 30 days); default: 1 day
    :param submit_timeout: how long an attempt retries to submit while the service cannot be reached or fails; a
        ``timedelta`` or seconds; default: 10 minutes. Throttled submissions are retried until ``job_timeout``
    :param durable: record the job so that a retry resumes it; if false, a retry submits, and pays for, a new job;
        default: true
    :param on_doubt: what to do if it cannot be known whether a submission was accepted: ``fail`` the task so that a
        user decides, or ``resubmit``, which may pay twice; default: ``fail``
    :param reuse_results: return the landed result of an earlier job for the same request and the same sources, from
        any DAG run, if it is not older than this: a ``timedelta`` or seconds, up to 10 years; needs ``land_to`` and
        ``[viapi] state_path``; default: off
    :param reuse_unversioned: reuse results also if a source has no version and may have changed; default: false
    :param land_manifest: write a description of the job (request, sources and their versions, times, sizes) beside
        its landed files; default: false
    """

    deferrable: bool | None
    wait_for_completion: bool
    job_timeout: timedelta | float
    submit_timeout: timedelta | float
    durable: bool
    on_doubt: Literal["fail", "resubmit"]
    reuse_results: timedelta | float | None
    reuse_unversioned: bool
    land_manifest: bool


class ViapiOptions(TaskOptions, total=False):
    """Arguments of every VIAPI operator:

    :param staging: where media are copied to that the service cannot read where they are (``s3://``, ``gs://``,
        ``file://`` …): your own bucket in Shanghai, ``oss://bucket/prefix``; default: VIAPI's temporary storage
    :param viapi_conn_id: id of the Airflow connection; default: ``viapi_default``
    """

    staging: Address | None
    viapi_conn_id: str


class ViapiFileOptions(LandOptions, ViapiOptions, total=False):
    """Arguments of VIAPI operators that return files at once."""


class ViapiJobOptions(WaitOptions, ViapiOptions, total=False):
    """Arguments of every VIAPI operator that runs a job."""


class HuaweiCloudOptions(TaskOptions, total=False):
    """Arguments of every Huawei Cloud operator:

    :param huaweicloud_conn_id: id of the Airflow connection; default: ``huaweicloud_default``
    """

    huaweicloud_conn_id: str


class HuaweiCloudJobOptions(WaitOptions, HuaweiCloudOptions, total=False):
    """Arguments of Huawei Cloud operators that run a job:

    :param cancel_on_kill: cancel the job when a user ends the task, or ``job_timeout`` passes, before it is finished;
        default: true. A task that waits for a state before the end (``target_state``) and that a user marks as
        successful keeps its job. Live tasks and tasks of VIAS are stopped even if they run; videos are cancelled only
        while they are queued, other jobs never
    """

    cancel_on_kill: bool


class JobCommandOptions(HuaweiCloudOptions, total=False):
    """Arguments of operators that start or stop a job of another task:

    :param wait_for_completion: if false, return the job's id as soon as the command is accepted; default: true
    :param deferrable: wait in the triggerer instead of on a worker; default: ``[operators] default_deferrable``
    :param job_timeout: how long to wait for the state; a ``timedelta`` or seconds; default: 1 hour
    """

    wait_for_completion: bool
    deferrable: bool | None
    job_timeout: timedelta | float


def describe(operator: type) -> str:
    """Return an operator's docstring followed by the arguments that it takes besides its own.

    The annotation of the operator's ``**kwargs`` names the dictionary that lists them; that of a base class is its
    ``_options``.
    """
    named = re.search(r"Unpack\[(\w+)\]", str(operator.__init__.__annotations__.get("kwargs")))  # type: ignore[misc]
    # A team's own dictionary is not among those of this module.
    options = globals().get(named[1]) if named else vars(operator).get("_options")
    own = cleandoc(operator.__doc__ or "")
    return f"{own}\n\n{_arguments(options)}" if options else own


@cache
def _arguments(options: type) -> str:
    texts = (kind.__doc__ or "" for kind in options.__mro__)
    return "\n\n".join(cleandoc(text) for text in texts if ":param" in text)
