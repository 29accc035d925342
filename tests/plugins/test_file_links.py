"""Which files of a storage the UI may link: those that the task's own rendered fields name."""

from __future__ import annotations

import pytest

from airflow_provider_viapi.plugins.file_links import FileNotLinked, file_link, names_file

FIELDS = {
    "request": {"VideoUrl": "s3://aws@raw/films/a.mp4", "Boxes": [{"ImageUrl": "oss://raw/b.png"}]},
    "land_to": "s3://aws@media/out/{task_id}/",
    "staging": None,
}
NAMES = {"dag_id": "films", "run_id": "run", "task_id": "erase", "map_index": -1}


@pytest.mark.parametrize(
    ("address", "is_named"),
    [
        ("s3://aws@raw/films/a.mp4", True),
        ("oss://raw/b.png", True),
        ("s3://aws@media/out/erase/film.mp4", True),
        ("s3://aws@media/out/erase/", False),
        ("s3://aws@media/out/erase/deeper/film.mp4", False),
        ("s3://aws@media/out/film.mp4", False),
        ("s3://aws@media/secrets.txt", False),
        ("s3://aws@raw/films/b.mp4", False),
        ("s3://aws@raw/films/", False),
        ("s3://other@media/out/erase/film.mp4", False),
    ],
)
def test_sources_and_landed_files_are_named_by_rendered_fields(address: str, is_named: bool) -> None:
    assert names_file(FIELDS, address, NAMES) is is_named


@pytest.mark.parametrize(
    ("land_to", "address", "is_named"),
    [
        ("s3://b/{task_id}/{key}-{job_id}.mp4", "s3://b/erase/VideoUrl-J1.mp4", True),
        ("s3://b/{task_id}/{key}-{job_id}.mp4", "s3://b/erase/VideoUrl-J1.mov", False),
        ("s3://b/{task_id}/{key}-{job_id}.mp4", "s3://b/other/VideoUrl-J1.mp4", False),
        ("s3://b/{dag_id}/{run_id}-{key}{ext}", "s3://b/films/run-VideoUrl.mp4", True),
        ("s3://b/{dag_id}/{run_id}-{key}{ext}", "s3://b/finance/run-VideoUrl.mp4", False),
        ("s3://b/{dag_id}/{run_id}-{key}{ext}", "s3://b/films/another-VideoUrl.mp4", False),
        ("s3://b/{index}-x-{key}-x.mp4", "s3://b/7-x-x.mp4", False),
        ("s3://b/{index}-x-{key}-x.mp4", "s3://b/7-x-VideoUrl-x.mp4", True),
        ("s3://b/clip-{index}.mp4", "s3://b/J1-clip-7.mp4", True),
        ("s3://b/clip-{index}.mp4", "s3://b/J1/clip-7.mp4", False),
        ("s3://b/a.b/film.mp4", "s3://b/aXb/film.mp4", False),
        ("s3://b/(.*)/", "s3://b/anything/x.mp4", False),
    ],
)
def test_a_destination_is_a_text_and_no_pattern(land_to: str, address: str, is_named: bool) -> None:
    assert names_file({"land_to": land_to}, address, NAMES) is is_named


@pytest.mark.timeout(10)
def test_no_address_takes_long() -> None:
    for land_to in ("s3://b/{job_id}-{key}{ext}", "s3://b/{name}-{key}-{job_id}-{index}-{name}-{key}-z"):
        assert not names_file({"land_to": land_to}, f"s3://b/{'-' * 1900}/", NAMES)


@pytest.mark.parametrize("field", ["bash_command", "env", "op_kwargs", "viapi_conn_id", "conf"])
def test_what_is_no_argument_for_a_file_names_none(field: str) -> None:
    assert not names_file({field: {"file": "s3://raw/a.mp4"}}, "s3://raw/a.mp4", NAMES)
    assert not names_file({field: "echo 's3://raw/a.mp4'"}, "s3://raw/a.mp4", NAMES)


@pytest.mark.parametrize("folder", ["s3://moto@b/pictures", "s3://moto@b/pictures/"])
def test_pictures_of_alarms_are_in_the_folder_for_them(folder: str) -> None:
    assert names_file({"images_to": folder}, "s3://moto@b/pictures/smoke_and_fire-1.jpg", NAMES)
    assert not names_file({"images_to": folder}, "s3://moto@b/pictures/2026/smoke_and_fire-1.jpg", NAMES)
    assert not names_file({"images_to": folder}, "s3://moto@b/pictures-of-others/1.jpg", NAMES)


def test_rendered_fields_that_airflow_stores_as_text_count_too() -> None:
    assert names_file({"items": "[{'video_url': 's3://raw/a.mp4'}]"}, "s3://raw/a.mp4", NAMES)


def refuses(address: str, why: str) -> None:
    """Assert that no link to the file is created, whatever a task names."""
    with pytest.raises(FileNotLinked, match=why) as raised:
        file_link(address, dag_id="d", run_id="r", task_id="t", map_index=-1)
    assert raised.value.status == 400


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "http://169.254.169.254/",
        "s3://bucket",
        "s3://bucket/",
        "s3://b/../../x",
        "ftp://h/f",
    ],
)
def test_only_files_in_object_storage_are_linked(address: str) -> None:
    refuses(address, "object storage")


@pytest.mark.parametrize(
    "address",
    [
        "s3://finance@payroll/2026/salaries.csv",
        "s3://finance@payroll/2026/salaries.csv?versionId=a.mp4",
        "gs://finance@payroll/2026/salaries.csv#a.mp4",
        "oss://b/.env",
        "s3://b/id_rsa",
        "gs://b/dump.sql.zip",
    ],
)
def test_only_media_are_linked_because_a_user_may_choose_what_a_template_renders_to(address: str) -> None:
    refuses(address, "only videos, sounds and images")
