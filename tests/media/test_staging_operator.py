"""A file that is brought to the service once, as a task of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.transfers.object_storage_to_viapi import ObjectStorageToViapiOperator
from media.team_storage import TeamStorage, storage_emulator, team
from media.test_staging import FILM, stage

__all__ = ["storage_emulator", "team"]

CONTEXT: Any = {"ti": SimpleNamespace(dag_id="dag", run_id="run", task_id="bring", map_index=-1)}


def bring(team: TeamStorage, source: str, to: str | None) -> str:
    operator = ObjectStorageToViapiOperator(
        task_id="bring", source=source, staging=to, viapi_conn_id=team.hook.viapi_conn_id
    )
    return operator.execute(CONTEXT)


@pytest.fixture
def film(tmp_path: Path) -> str:
    (tmp_path / "film.mp4").write_bytes(FILM)
    return (tmp_path / "film.mp4").as_uri()


def test_the_copy_in_the_teams_bucket_is_linked_to_when_it_is_used(team: TeamStorage, film: str) -> None:
    address = bring(team, film, "oss://team/staged")

    assert address == f"oss://team/{team.copies()[0]}"
    link = stage(team, address, to=None)
    assert len(team.copies()) == 1
    assert httpx.get(link).content == FILM


def test_a_second_try_uses_the_copy_of_the_first(team: TeamStorage, film: str) -> None:
    assert bring(team, film, "oss://team/staged") == bring(team, film, "oss://team/staged")
    assert len(team.copies()) == 1


def test_without_a_bucket_the_temporary_storage_has_it(team: TeamStorage, film: str) -> None:
    assert httpx.get(bring(team, film, None)).content == FILM


@pytest.mark.parametrize("to", ["oss://team/staged", None])
def test_what_can_be_read_where_it_is_comes_back_as_it_is(team: TeamStorage, to: str | None) -> None:
    there = team.put("films/a.mp4", FILM)

    assert bring(team, there, to) == there
    assert bring(team, "https://h/a.mp4", to) == "https://h/a.mp4"
    assert team.keys() == ["films/a.mp4"]


def test_an_address_that_nothing_opens_fails_when_the_dag_is_parsed() -> None:
    with pytest.raises(InvalidRequest, match="ObjectStorageToViapi: source is 'nonsense"):
        ObjectStorageToViapiOperator(task_id="bring", source="nonsense://b/a.mp4")
    with pytest.raises(InvalidRequest, match="oss://bucket/prefix"):
        ObjectStorageToViapiOperator(task_id="bring", source="s3://b/a.mp4", staging="s3://b")


def test_templates_are_checked_after_rendering(team: TeamStorage) -> None:
    with DAG("dag", schedule=None):
        operator = ObjectStorageToViapiOperator(
            task_id="bring", source="{{ source }}", viapi_conn_id=team.hook.viapi_conn_id
        )
    operator.render_template_fields({"source": "nonsense://b/a.mp4"})  # type: ignore[arg-type]

    with pytest.raises(AirflowFailException, match="nonsense"):
        operator.execute(CONTEXT)


def test_a_source_that_is_not_there_fails_without_retries(team: TeamStorage, tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match="does not exist"):
        bring(team, (tmp_path / "none.mp4").as_uri(), None)


def test_nothing_heavy_is_loaded_to_parse_a_dag() -> None:
    script = """
import sys
from airflow_provider_viapi.media.inputs import request_media
from airflow_provider_viapi.alibaba.services import videoenhan
request_media.check_request_media(videoenhan.ERASE_VIDEO_SUBTITLES, {"VideoUrl": "s3://b/a.mp4"})
request_media.check_staging_location("oss://team/a")
heavy = {"fsspec", "alibabacloud_oss_v2", "requests", "httpx", "PIL", "tenacity", "airflow"} & set(sys.modules)
print(sorted(heavy))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("service", ["nonsense", 5, None, "", "{{ service }}"])
def test_a_service_that_is_not_known_is_refused_when_the_dag_is_parsed(service: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"service is .*; allowed: videoenhan, "):
        ObjectStorageToViapiOperator(task_id="bring", source="s3://films/a.mp4", service=service)
