"""Arguments of operators that create, change or start tasks: alarms, the algorithm's version, states to wait for."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.redaction import strip_userinfo
from airflow_provider_viapi.schema import short_repr

if TYPE_CHECKING:
    from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
    from airflow_provider_viapi.operators.arguments.options import Flag, Object, Text

logger = logging.getLogger(__name__)

STARTED_STATES = ("RUNNING", "SUCCEEDED")
"""States that a task that creates or starts a VIAS task may wait for."""


class _Url(TypedDict):
    url: Text


class Webhook(_Url, total=False):
    """A URL that receives alarms by POST.

    * ``url``: the URL
    * ``headers``: up to 10 headers that are sent along, such as the receiver's own token; masked in Airflow
    * ``data_category``: categories of data that are sent
    """

    headers: Mapping[str, Text]
    data_category: Sequence[Text]


class _Stream(TypedDict):
    stream_name: Text


class Dis(_Stream, total=False):
    """A stream of Huawei Cloud's Data Ingestion Service.

    * ``stream_name``: name of the stream
    * ``data_category``: categories of data that are sent
    """

    data_category: Sequence[Text]


class _Bucket(TypedDict):
    bucket: Text


class Obs(_Bucket, total=False):
    """A folder of Huawei Cloud's Object Storage Service.

    * ``bucket``: name of the bucket
    * ``path``: folder in the bucket
    * ``data_category``: categories of data that are sent
    """

    path: Text
    data_category: Sequence[Text]


def alarm_output(
    output: Object | None,
    *,
    webhook: Webhook | Text | None,
    dis: Dis | Text | None,
    obs: Obs | str | None,
    event_center: Flag | None,
    action: str,
    required: bool,
) -> Object | None:
    """Return the destinations of alarms as the request has them, from arguments for each or for all.

    :param output: all destinations, as the service takes them
    :param webhook: a webhook, or its URL alone
    :param dis: a stream, or its name alone
    :param obs: a folder in a bucket, or its address, ``obs://bucket/folder``
    :param required: there has to be a destination
    :raises InvalidRequest: both ``output`` and another one are given, or none that is required, or ``obs`` is no
        address
    """
    each = {
        "webhook": _named("url", webhook),
        "dis": _named("stream_name", dis),
        "obs": _folder(obs, action),
        "event_center": event_center,
    }
    given = {name: value for name, value in each.items() if value is not None}
    if output is not None and given:
        raise InvalidRequest(
            f"output and {', '.join(given)} are given; allowed: either output, with all destinations, or the others",
            action=action,
        )
    if output is None and not given and required:
        raise InvalidRequest(
            "output is missing; give webhook, dis, obs or event_center, or output with all destinations",
            code="MissingParameter",
            action=action,
        )
    return output if output is not None else given or None


def _named(name: str, value: Any) -> Any:
    return value if value is None or isinstance(value, Mapping) else {name: value}


def _folder(value: Any, action: str) -> Any:
    if value is None or isinstance(value, Mapping):
        return value
    bucket, _, path = str(value).removeprefix("obs://").partition("/")
    if not isinstance(value, str) or not value.startswith("obs://") or not bucket:
        shown = strip_userinfo(value) if isinstance(value, str) else value
        raise InvalidRequest(
            f"obs is {short_repr(shown)}; allowed: an address such as obs://bucket/alarms, or a mapping with bucket "
            "and path; bucket and folder may be templates, the whole address may not",
            action=action,
        )
    return {"bucket": bucket, **({"path": path} if path else {})}


def with_account_version(hook: HuaweiCloudHook, request: Mapping[str, Any], action: str) -> dict[str, Any]:
    """Return the request of a task with the version of the account's algorithm; log settings that seem misspelled.

    :raises InvalidRequest: the account lacks the algorithm, or it does not accept the input or an output
    """
    from airflow_provider_viapi.huawei.account_algorithms import with_version
    from airflow_provider_viapi.huawei.services.vias.settings import similar_settings

    for name, known in similar_settings(str(request["service_name"]), request.get("config")).items():
        logger.warning(
            "config.common.%s of %s is not known and is passed on unchanged; did you mean %s?",
            *(name, request["service_name"], known),
        )
    return with_version(hook.call, request, action)
