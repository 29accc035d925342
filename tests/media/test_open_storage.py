"""Errors of a storage as those of our tree, without the texts of the storage."""

from __future__ import annotations

import traceback

import pytest

from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.fs import oss_errors
from airflow_provider_viapi.media.open_storage import translate_errors

SIGNED = "GET https://films.example/a.mp4?Signature=s3cr3t"


@pytest.mark.parametrize("raised", [RuntimeError, OSError, ValueError, PermissionError, FileNotFoundError])
def test_no_traceback_of_a_file_that_cannot_be_read_quotes_a_signed_request(raised: type[Exception]) -> None:
    with pytest.raises(ServiceError) as refused, translate_errors("s3://aws@films/a.mp4"):
        raise raised(SIGNED)
    assert "s3cr3t" not in "".join(traceback.format_exception(refused.value))


def test_no_traceback_of_a_refused_call_of_oss_quotes_its_signed_request() -> None:
    with pytest.raises(ServiceError) as refused, oss_errors.translate_oss_errors("films", "a.mp4"):
        raise oss_errors.sdk().exceptions.OperationError(name="GetObject", error=RuntimeError(SIGNED))
    assert "s3cr3t" not in "".join(traceback.format_exception(refused.value))
