"""Arguments of operators that create tasks: destinations of alarms, and the algorithm's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services.vias.settings import TARGET_ROI, check_config
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator
from airflow_provider_viapi.schema import ValidationError, short_repr

if TYPE_CHECKING:
    from airflow_provider_viapi.operators.options import Flag, Object, Text


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
    obs: Obs | Text | None,
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
            code="InvalidParameter",
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
        raise InvalidRequest(
            f"obs is {short_repr(value)}; allowed: an address such as obs://bucket/alarms, or a mapping with bucket "
            "and path, each of which may be a template",
            code="InvalidParameter",
            action=action,
        )
    return {"bucket": bucket, **({"path": path} if path else {})}


class AlgorithmSettings(HuaweiCloudOperator):
    """Check the algorithm's settings in ``config``, and send regions of interest as JSON in a text."""

    @staticmethod
    def check_request(
        action: Action, request: Mapping[str, Any], is_unresolved: Callable[[Any], bool]
    ) -> dict[str, Any]:
        """Return a request with values of their proper types."""
        checked = action.check(request, is_unresolved=is_unresolved)
        name, config = checked.get("service_name"), checked.get("config")
        if isinstance(config, Mapping) and not is_unresolved(config):
            known = name if isinstance(name, str) and not is_unresolved(name) else None
            checked["config"] = check_config(known, config, action.name)
        batch_input = checked.get("batch_input")
        if isinstance(batch_input, Mapping) and not is_unresolved(batch_input):
            checked["batch_input"] = _with_regions(batch_input, action.name)
        return checked


def _with_regions(value: Any, action: str) -> Any:
    if isinstance(value, list):
        return [_with_regions(each, action) for each in value]
    if not isinstance(value, Mapping):
        return value
    found = {name: _with_regions(each, action) for name, each in value.items() if name != "target_roi"}
    if value.get("target_roi") is not None:
        try:
            found["target_roi"] = TARGET_ROI.check(value["target_roi"])
        except ValidationError as error:
            raise InvalidRequest(
                f"target_roi in batch_input is of type {type(value['target_roi']).__name__}; allowed: {error}",
                code="InvalidParameter",
                action=action,
            ) from None
    return found
