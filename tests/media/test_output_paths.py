"""Addresses of landed files: the allowed ones, and that no two results have the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath
from hypothesis import given, strategies as st

from airflow_provider_viapi.alibaba.services import find, videoenhan
from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.media.outputs.output_paths import as_destination, check_land_to, render_path

LINK = "https://results.oss-cn-shanghai.aliyuncs.com/a/b/0f3.mp4?Expires=1&Signature=x"
NAMES: dict[str, Any] = {
    "dag_id": "nightly",
    "run_id": "scheduled__2026-11-20T00:00:00+00:00",
    "task_id": "films.erase",
    "map_index": -1,
    "job_id": "46ED9C9C",
}


@pytest.mark.parametrize(
    ("to", "lands_at"),
    [
        ("s3://media/", "s3://media/films.erase-VideoUrl-46ED9C9C.mp4"),
        ("s3://aws@media/out/film.mp4", "s3://aws@media/out/film.mp4"),
        ("file:///media/{dag_id}/", "file:///media/nightly/films.erase-VideoUrl-46ED9C9C.mp4"),
        ("gs://media/{task_id}-{map_index}{ext}", "gs://media/films.erase--1.mp4"),
        (
            "abfs://media/{run_id}/{key}{ext}",
            "abfs://media/scheduled__2026-11-20T00:00:00+00:00/VideoUrl.mp4",
        ),
        ("oss://media/{name}", "oss://media/0f3.mp4"),
        ("s3://media/{job_id}/film.mp4", "s3://media/46ED9C9C/film.mp4"),
    ],
)
def test_placeholders_are_filled_in(to: str, lands_at: str) -> None:
    check_land_to(to, videoenhan.ERASE_VIDEO_SUBTITLES)

    assert render_path(to, "VideoUrl", LINK, NAMES) == lands_at


@pytest.mark.parametrize(
    ("path", "address"),
    [
        (ObjectStoragePath("s3://c@media/out/"), "s3://c@media/out/"),
        (ObjectStoragePath("s3://media") / "out", "s3://media/out/"),
        (
            ObjectStoragePath("s3://media/out") / "{task_id}-{map_index}",
            "s3://media/out/{task_id}-{map_index}",
        ),
        (ObjectStoragePath("s3://media/out.d") / "film.mp4", "s3://media/out.d/film.mp4"),
        (
            ObjectStoragePath("s3://media/out") / "{{ dag_run.run_id }}",
            "s3://media/out/{{ dag_run.run_id }}/",
        ),
        (ObjectStoragePath("s3://media/out") / "{{ ds }}{ext}", "s3://media/out/{{ ds }}{ext}"),
        (ObjectStoragePath("s3://media/out") / "{{ ds }}.mp4", "s3://media/out/{{ ds }}.mp4"),
        (ObjectStoragePath("s3://my.bucket"), "s3://my.bucket/"),
        (Path("/media/out"), "file:///media/out/"),
        (Path("/media/out.mp4"), "file:///media/out.mp4"),
        ("s3://media/out", "s3://media/out"),
        (None, None),
    ],
)
def test_a_path_object_is_a_folder_unless_its_last_part_is_a_name(path: Any, address: Any) -> None:
    assert as_destination(path) == address


def test_results_do_not_replace_each_other_in_a_path_object() -> None:
    folder = ObjectStoragePath("s3://media/clean/")

    places = {render_path(folder, "VideoUrl", LINK, {**NAMES, "job_id": job}) for job in "ab"}

    assert places == {f"s3://media/clean/films.erase-VideoUrl-{job}.mp4" for job in "ab"}


@pytest.mark.parametrize("which", ["map_index", "index"])
def test_mapped_tasks_and_items_of_a_batch_have_different_paths(which: str) -> None:
    places = {render_path("s3://media/", "VideoUrl", LINK, {**NAMES, which: number}) for number in range(3)}

    assert places == {f"s3://media/films.erase-{number}-VideoUrl-46ED9C9C.mp4" for number in range(3)}
    assert (
        render_path("s3://media/{index}.mp4", "VideoUrl", LINK, {**NAMES, "index": 7}) == "s3://media/7.mp4"
    )


def test_runs_have_different_paths_even_if_the_job_is_unknown() -> None:
    names = {**NAMES, "job_id": None}
    other = LINK.replace("0f3", "0f4")
    signed_again = LINK.replace("Expires=1", "Expires=2")

    assert render_path("s3://media/", "VideoUrl", LINK, names) != render_path(
        "s3://media/", "VideoUrl", other, names
    )
    assert render_path("s3://media/", "VideoUrl", LINK, names) == render_path(
        "s3://media/", "VideoUrl", signed_again, names
    )


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("/media/out/", "an address that can be written to, such as"),
        ("media/out.mp4", "an address that can be written to, such as"),
        (7, "an address that can be written to, such as"),
        ("https://media.test/out/", "can be written to"),
        ("s3://", "a bucket or a path"),
        ("s3:///out/", "a bucket or a path"),
        ("s3://media", "a bucket followed by /"),
        (
            "oss://my_conn@media",
            r"land_to is 'oss://media'; allowed: a bucket followed by / .*oss://media/results/",
        ),
        ("file://tmp/out/", "three slashes: 'tmp' would be a host"),
        ("file:///" + "é" * 128 + "/a.mp4", "names of at most 255 bytes; one would have 256"),
        ("s3://media/" + "folder/" * 150, "keys of at most 1,023 bytes"),
        ("file:///", "a bucket or a path"),
        ("s3://media/../other/", r"allowed: an address without \.\. in it"),
        ("s3://media/out/..", r"allowed: an address without \.\. in it"),
        ("file:///media/./x", "without parts . and .."),
        ("s3://key:secret@media/out/", "allowed: before the @ only the id of an Airflow connection, which"),
        ("s3://media/a\nb", "control characters"),
        ("s3://media/a\x85b", "control characters"),
        ("s3://media/a\ud800b", "control characters"),
        ("s3://media/out?", r"does not end in \? or #"),
        ("s3://media/a.mp4#", r"does not end in \? or #"),
        ("s3://media/a.mp4 ", "without spaces before or after it"),
        ("s3://media/ ", "without spaces before or after it"),
        ("s3://aws_default@/a.mp4", "a bucket after the connection id"),
        ("s3://media/{ext}", "a name before"),
        ("s3://media/{tasks_id}/", r"\{tasks_id\} is unknown"),
        ("s3://media/{index}/", r"\{index\} is unknown"),
        ("s3://media/{task_id.__class__}/", "is unknown"),
        ("s3://media/{task_id!r}/", "is unknown"),
        ("s3://media/{map_index:>9}/", "is unknown"),
        ("s3://media/{}/", "is unknown"),
        ("s3://media/{task_id/", "braces in pairs"),
    ],
)
def test_what_cannot_be_a_place_is_refused_when_the_dag_is_parsed(to: Any, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why):
        check_land_to(to, videoenhan.ERASE_VIDEO_SUBTITLES)


def test_the_items_of_a_batch_have_an_index() -> None:
    check_land_to("s3://media/{index}/", videoenhan.ERASE_VIDEO_SUBTITLES, also=["index"])


def test_one_name_does_not_do_for_several_files() -> None:
    covers = find("videorecog.GenerateVideoCover")
    for to in ("s3://media/covers.png", "s3://media/covers", "s3://media/{job_id}.png"):
        with pytest.raises(InvalidRequest, match="several files") as refusal:
            check_land_to(to, covers)
        suggested = re.search(r"such as '(.*?)'", refusal.value.message)
        assert suggested
        check_land_to(suggested[1], covers)

    check_land_to("s3://media/{key}.png", find("videorecog.GenerateVideoCover"))
    check_land_to("s3://media/covers/", find("videorecog.GenerateVideoCover"))


def test_an_action_without_files_has_nothing_to_land() -> None:
    with pytest.raises(InvalidRequest, match="holds no files"):
        check_land_to("s3://media/", find("videorecog.DetectVideoShot"))


def test_of_a_result_that_nobody_knows_yet_only_the_place_itself_is_checked() -> None:
    check_land_to("s3://media/film.mp4", None)

    with pytest.raises(InvalidRequest, match="is unknown"):
        check_land_to("s3://media/{film}", None)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/..", "VideoUrl"),
        ("/%2e%2e", "VideoUrl"),
        ("/", "VideoUrl"),
        ("", "VideoUrl"),
        ("/%20", "VideoUrl"),
        ("/a%2Fb.mp4", "a_b.mp4"),
        ("/..%2F..%2Fetc%2Fpasswd", ".._.._etc_passwd"),
        ("/a%5Cb", "a_b"),
        ("/a%0Ab.mp4", "a_b.mp4"),
        ("/a%00b", "a_b"),
        ("/a%3F", "a?_"),
        ("/a%23", "a#_"),
        ("/" + "a" * 300 + ".mp4", "a" * 146 + ".mp4"),
        ("/" + "%C3%A9" * 300 + ".mp4", "\u00e9" * 73 + ".mp4"),
    ],
)
@pytest.mark.parametrize("folder", ["s3://media/", "file:///media/"])
def test_a_link_cannot_choose_another_folder_or_a_name_that_no_storage_takes(
    folder: str, path: str, name: str
) -> None:
    rendered = render_path(f"{folder}{{name}}", "VideoUrl", f"https://host.test{path}?Expires=1", NAMES)

    assert rendered == folder + name


@pytest.mark.parametrize("value", ["..", "a/b", "", "a\\b"])
def test_nor_can_the_name_of_a_run(value: str) -> None:
    with pytest.raises(InvalidRequest, match="run_id"):
        render_path("s3://media/{run_id}/", "VideoUrl", LINK, {**NAMES, "run_id": value})


def test_a_placeholder_without_a_value_is_named() -> None:
    with pytest.raises(InvalidRequest, match="job_id"):
        render_path("s3://media/{job_id}.mp4", "VideoUrl", LINK, {**NAMES, "job_id": None})


@given(link=st.text(max_size=60), value=st.text(max_size=30))
def test_whatever_link_and_run_are_called_the_file_lands_in_the_folder(link: str, value: str) -> None:
    try:
        lands_at = render_path(
            "s3://media/out/{name}/{run_id}",
            "VideoUrl",
            f"https://host.test/{link}",
            {**NAMES, "run_id": value},
        )
    except (InvalidRequest, ValueError):
        return
    parts = lands_at.split("/")
    assert parts[:4] == ["s3:", "", "media", "out"]
    assert len(parts) == 6
    assert not {".", "..", ""} & set(parts[4:])
