"""Limits of media: bounds as the documents state them, and the warnings and rules about files of a request."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from airflow_provider_viapi.alibaba.errors import InvalidRequest
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.parameters import Media
from airflow_provider_viapi.alibaba.services import imgsearch, videoenhan
from airflow_provider_viapi.media_limits import GB, MediaLimits

SHANGHAI = "https://b.oss-cn-shanghai.aliyuncs.com/a.mp4"


def limits_of(action: Action) -> MediaLimits:
    return next(each for each in action.parameters if isinstance(each, Media)).limits[0]


@pytest.mark.parametrize(
    ("action", "size", "allowed"),
    [
        (imgsearch.ADD_IMAGE, (129, 1023), True),
        (imgsearch.ADD_IMAGE, (128, 500), False),
        (imgsearch.ADD_IMAGE, (500, 1024), False),
        (imgsearch.SEARCH_IMAGE, (128, 128), False),
        (videoenhan.SUPER_RESOLVE_VIDEO, (33, 33), True),
        (videoenhan.SUPER_RESOLVE_VIDEO, (32, 32), False),
        (videoenhan.SUPER_RESOLVE_VIDEO, (1919, 1079), True),
        (videoenhan.SUPER_RESOLVE_VIDEO, (1079, 1919), True),
        (videoenhan.SUPER_RESOLVE_VIDEO, (1920, 1080), False),
        (videoenhan.ERASE_VIDEO_SUBTITLES, (1920, 1080), True),
        (videoenhan.ERASE_VIDEO_SUBTITLES, (1080, 1920), True),
        (videoenhan.ERASE_VIDEO_SUBTITLES, (1921, 1080), False),
        (videoenhan.INTERPOLATE_VIDEO_FRAME, (360, 360), True),
        (videoenhan.ENHANCE_VIDEO_QUALITY, (360, 640), False),
        (videoenhan.ADJUST_VIDEO_COLOR, (7680, 4320), True),
        (videoenhan.ABSTRACT_FILM_VIDEO, (1, 1), True),
    ],
    ids=lambda value: getattr(value, "name", None) or str(value),
)
def test_bounds_of_the_picture_size_are_those_of_the_documents(
    action: Action, size: tuple[int, int], allowed: bool
) -> None:
    assert limits_of(action).allows_pixels(*size) is allowed


def test_limits_that_scale_or_cut_are_described_and_refuse_nothing() -> None:
    assert limits_of(videoenhan.ADJUST_VIDEO_COLOR).scaled_above == 3840
    assert limits_of(videoenhan.CHANGE_VIDEO_SIZE).cut_after == 7200
    assert limits_of(videoenhan.CHANGE_VIDEO_SIZE).max_bytes == 10 * GB
    assert limits_of(videoenhan.CHANGE_VIDEO_SIZE).description == (
        "MP4, AVI, MOV or FLV, at most 10 GB, cut off after 2 hours"
    )


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("http://b.oss-cn-beijing.aliyuncs.com/a.mp4?Signature=secret", "cn-beijing"),
        ("https://b.oss-us-west-1-internal.aliyuncs.com/a.mp4", "us-west-1"),
    ],
)
def test_an_oss_url_outside_shanghai_warns_without_its_signature(url: str, region: str) -> None:
    with pytest.warns(UserWarning, match=f"VideoUrl is in OSS region {region}") as caught:
        videoenhan.ERASE_VIDEO_SUBTITLES.check({"VideoUrl": url})

    assert "secret" not in str(caught[0].message)


@pytest.mark.parametrize(
    "url",
    [
        SHANGHAI,
        "https://b.oss-cn-shanghai-internal.aliyuncs.com/a.mp4",
        "https://b.oss-accelerate.aliyuncs.com/a.mp4",
        "https://example.com/b.oss-cn-beijing.aliyuncs.com/a.mp4",
    ],
)
def test_other_urls_do_not_warn(url: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        videoenhan.ERASE_VIDEO_SUBTITLES.check({"VideoUrl": url})


def item(name: str, url: str, kind: str) -> dict[str, Any]:
    return {"FileList": [{"FileName": name, "FileUrl": url, "Type": kind}]}


@pytest.mark.parametrize(
    ("name", "url", "kind"),
    [
        ("test", "https://h/IMG_8295.mp4", "video"),
        ("test", "https://h/IMG_8295", "video"),
        ("a.avi", "https://h/a.avi?x=.jpg", "video"),
        ("song", "https://h/song.mp3", "audio"),
        ("song.wav", "https://h/song", "audio"),
        ("a.JPG", "https://h/a.jpeg", "image"),
        ("a.bmp", "https://h/a", "image"),
        ("1-pic1", "https://h/1-pic1.jpg", "image"),
    ],
)
def test_a_file_name_with_the_suffix_of_its_type_is_accepted(name: str, url: str, kind: str) -> None:
    assert videoenhan.GENERATE_VIDEO.check(item(name, url, kind))


@pytest.mark.parametrize(
    ("name", "url", "kind", "parameter"),
    [
        ("test", "https://h/a.mov", "video", "FileName"),
        ("a.jpg", "https://h/a.mp4", "image", "FileUrl"),
        ("a", "https://h/a", "image", "FileName"),
        ("a.mp3", "https://h/a.mp3", "image", "FileName"),
        ("song", "https://h/song.wav", "audio", "FileName"),
        ("clip.mp4", "https://h/clip.png", "video", "FileUrl"),
    ],
)
def test_a_file_name_or_url_without_the_suffix_of_its_type_is_refused(
    name: str, url: str, kind: str, parameter: str
) -> None:
    with pytest.raises(
        InvalidRequest, match=f"a {parameter} of Type {kind} that ends with .*; item 1 does not comply"
    ):
        videoenhan.GENERATE_VIDEO.check(item(name, url, kind))


def test_a_fill_color_needs_its_components() -> None:
    request = {"VideoUrl": SHANGHAI, "Width": 480, "Height": 480, "FillType": "color"}

    with pytest.raises(InvalidRequest, match="G, B missing; FillType 'color' requires R, G, B") as caught:
        videoenhan.CHANGE_VIDEO_SIZE.check(request | {"R": 1})

    assert caught.value.code == "MissingParameter"
    assert videoenhan.CHANGE_VIDEO_SIZE.check(request | {"R": 0, "G": 0, "B": 0})["B"] == 0
