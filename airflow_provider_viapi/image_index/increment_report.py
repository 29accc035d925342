"""Images that a bulk job of ImageSearch has rejected: the report of the service, and the outcome of the job.

The format of the report is not documented, so its lines are passed on as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_viapi.alibaba.services.imagesearch import INCREASE_LIST
from airflow_provider_viapi.errors import ServiceError, TransientError
from airflow_provider_viapi.image_index.increment_folder import Row
from airflow_provider_viapi.image_index.report import MAX_FAILURES_KEPT
from airflow_provider_viapi.media.inputs import still_images
from airflow_provider_viapi.redaction import describe_error, redact_text

if TYPE_CHECKING:
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.jobs.model import JobReport, Log

MAX_REPORT_BYTES = 64 << 20


@dataclass(frozen=True)
class Rejected:
    """An image that is not in the instance, and why.

    :param code: the service's or this package's, such as ``InvalidImage.Resolution``; empty if none is known
    :param message: the reason, or the line of the service's report
    """

    entity_id: str
    pic_name: str
    code: str
    message: str


def read_report(url: str, hook: ViapiHook, log: Log, allowed_hosts: Sequence[str] = ()) -> list[str] | None:
    """Return the lines of the service's report of rejected rows; ``None`` if it can never be read.

    :param url: its address, which is valid for two hours
    :param log: receives why it can never be read, such as a link that has expired
    :param allowed_hosts: private hosts that it may be read from, besides that of the connection's endpoint
    :raises TransientError: it cannot be read now
    """
    import requests

    from airflow_provider_viapi.media.outputs.http_download import LinkExpired, download
    from airflow_provider_viapi.media.ssrf_guard import public_session

    own = urlsplit(hook.account.endpoint or "").hostname
    content = bytearray()
    try:
        with (
            public_session(hook.account.http, [*allowed_hosts, *([own] if own else [])]) as session,
            download(session, url) as response,
        ):
            for chunk in response.chunks(still_images.MAX_DOWNLOAD_SECONDS):
                content += chunk
                if len(content) > MAX_REPORT_BYTES:
                    break
    except (LinkExpired, requests.RequestException, ServiceError) as error:
        problem = f"the report of rejected images could not be read ({describe_error(error)})"
        if not isinstance(error, requests.RequestException | TransientError):
            log.warning("%s: %s", INCREASE_LIST.name, problem)
            return None
        raise TransientError(
            f"{problem}; a retry reads it again", code="ReportUnreadable", action=INCREASE_LIST.name
        ) from None
    lines = content[:MAX_REPORT_BYTES].decode("utf-8", errors="replace").split("\n")
    return [line for line in lines if line.strip()]


def describe_rejected(
    left_out: Sequence[Row], lines: Sequence[str], rows: Sequence[Row]
) -> Iterator[Rejected]:
    """Yield the first of the images that are not in the instance.

    :param left_out: those that were not submitted
    :param lines: of the service's report
    :param rows: what was submitted
    """
    reported = [{"Msg": line, **_fields(line), "line": line} for line in lines[:MAX_FAILURES_KEPT]]
    for each in [*left_out, *reported][:MAX_FAILURES_KEPT]:
        named = each if each.get("PicName") else _named_in(str(each.get("line", "")), rows)
        yield Rejected(
            str(named.get("ProductId") or ""),
            str(named.get("PicName") or ""),
            str(each.get("Code") or ""),
            redact_text(str(each["Msg"]))[:300],
        )


def _fields(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _named_in(line: str, rows: Sequence[Row]) -> Row:
    found = [row for row in rows if PurePosixPath(str(row["PicName"])).name in line]
    return max(found, key=lambda row: len(row["PicName"]), default={})


def outcome_of(report: JobReport, summary: Mapping[str, Any], max_failed: int | None) -> JobReport:
    """Return the report with the summary as its result, or as failed if too many images were rejected.

    :param max_failed: how many images may be rejected; ``None``: any number
    """
    from airflow_provider_viapi.jobs.model import Outcome

    first = "".join(
        f"; the first: {each['entity_id']} {each['pic_name']}: {each['message']}"
        for each in summary["failures"][:1]
    )
    if report.outcome is not Outcome.SUCCEEDED:
        return replace(report, error_message=f"{report.error_message or 'no reason given'}{first}")
    if max_failed is not None and summary["rejected"] is None:
        return replace(
            report,
            outcome=Outcome.FAILED,
            error_code="ReportUnreadable",
            is_permanent=True,
            error_message=(
                "the report of rejected images could not be read (see the log), so max_failed cannot be checked"
            ),
        )
    if max_failed is not None and summary["rejected"] > max_failed:
        return replace(
            report,
            outcome=Outcome.FAILED,
            error_code="TooManyFailed",
            is_permanent=True,
            error_message=(
                f"{summary['rejected']:,} of {summary['images']:,} images were rejected, max_failed is "
                f"{max_failed:,}{first}"
            ),
        )
    return replace(report, result=summary)
