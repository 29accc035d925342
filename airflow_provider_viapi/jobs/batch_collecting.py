"""What becomes of the items whose jobs have ended."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from airflow_provider_viapi.errors import JobFailed, ServiceError
from airflow_provider_viapi.jobs.batch_ledger import Item, Row
from airflow_provider_viapi.jobs.batch_terms import BatchBackend
from airflow_provider_viapi.jobs.model import JobReport

AT_ONCE = 4
"""So many results are collected at the same time: landing one takes as long as its files are big."""

LONGEST_MESSAGE = 500
"""Characters of an error's message that a row keeps."""


def collected(ended: Sequence[tuple[Item, JobReport]], means: BatchBackend) -> dict[str, Row]:
    """The rows of items whose jobs have ended, by the items' names."""

    def row(of: tuple[Item, JobReport]) -> Row:
        return _row(*of, means)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        rows = list(pool.map(row, ended))
    return {item.name: found for (item, _), found in zip(ended, rows, strict=True)}


def failed_row(
    means: BatchBackend,
    error: ServiceError,
    *,
    job_id: str | None = None,
    state: str | None = None,
    resumable: bool = False,
) -> Row:
    """The row of an item that has failed.

    :param resumable: its job, or its submission in doubt, is for the next try to take up
    """
    told = {"class": type(error).__name__, "code": error.code, "message": error.message[:LONGEST_MESSAGE]}
    return Row(job_id, state, None, told, means.is_permanent(error), resumable)


def _row(item: Item, report: JobReport, means: BatchBackend) -> Row:
    means.release_inputs(item)
    try:
        report.result_or_raise()
        result = means.collect(item, report)
    except JobFailed as failed:
        return failed_row(means, failed, job_id=report.job_id, state=report.state)
    except ServiceError as error:
        return failed_row(means, error, job_id=report.job_id, state=report.state, resumable=True)
    return Row(report.job_id, report.state, result)
