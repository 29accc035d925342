"""Refusals of a list of images before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.image_index.images import ImageEntry, parse_images

COFFEE = {"image_url": "http://h/coffee.png", "entity_id": "coffee"}


def test_images_keep_their_place_in_the_list() -> None:
    images = parse_images([COFFEE, {**COFFEE, "extra_data": "second cup"}])

    assert images == [
        ImageEntry(0, "http://h/coffee.png", "coffee"),
        ImageEntry(1, "http://h/coffee.png", "coffee", "second cup"),
    ]


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([], "images is an empty list"),
        (None, "images is of type NoneType"),
        ({"image_url": "http://h/a.png"}, "images is of type dict"),
        (["http://h/a.png"], r"images\[0\] is of type str"),
        ([COFFEE, {"entity_id": "a"}], r"images\[1\]\.image_url is missing"),
        ([COFFEE, {"image_url": "", "entity_id": "a"}], r"images\[1\]\.image_url is missing"),
        ([{"image_url": "http://h/a.png"}], r"images\[0\]\.entity_id is missing"),
        ([{**COFFEE, "extra": "x"}], r"images\[0\] has extra; allowed: image_url, entity_id, extra_data"),
        ([{**COFFEE, "entity_id": "Ä"}], r"images\[0\]: EntityId is 'Ä'; allowed: 1 to 64 characters"),
        ([{**COFFEE, "entity_id": "x" * 65}], r"images\[0\]: EntityId is"),
        ([{**COFFEE, "entity_id": 7.5}], r"images\[0\]: EntityId is 7.5"),
        ([{**COFFEE, "extra_data": {"a": 1}}], r"images\[0\]: ExtraData is \{'a': 1\}"),
        ([{**COFFEE, "extra_data": "x" * 513}], r"images\[0\]: ExtraData is"),
        ([{**COFFEE, "image_url": "http://h/咖啡.png"}], r"images\[0\]: ImageUrl is"),
        ([{**COFFEE, "image_url": "coffee.png"}], r"images\[0\]: ImageUrl is"),
        ([{**COFFEE, "image_url": "s3://b/coffee.png"}], r"images\[0\]: ImageUrl is"),
    ],
)
def test_an_error_names_the_index_of_the_invalid_image(images: Any, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        parse_images(images)


@pytest.mark.parametrize("extra", [{}, {"extra_data": None}, {"extra_data": ""}, {"extra_data": "cup"}])
def test_two_images_with_the_same_identity_are_refused(extra: dict[str, Any]) -> None:
    other = {**COFFEE, "image_url": "http://h/another.png", **extra}

    with pytest.raises(InvalidRequest, match=r"images\[0\] and images\[2\] both have entity_id 'coffee'"):
        parse_images([{**COFFEE, **extra}, {**COFFEE, "entity_id": "tea"}, other])


def test_object_storage_is_taken_where_something_opens_it() -> None:
    (image,) = parse_images(
        [{**COFFEE, "image_url": "s3://b/coffee.png"}], opens=lambda scheme: scheme == "s3"
    )

    assert image.address == "s3://b/coffee.png"


def test_what_is_not_known_yet_is_left_for_later_and_the_rest_is_checked() -> None:
    def is_unresolved(value: Any) -> bool:
        return "{{" in str(value)

    template = {"image_url": "{{ url }}", "entity_id": "a"}

    assert [
        each.index for each in parse_images([template, COFFEE, "{{ image }}"], is_unresolved=is_unresolved)
    ] == [0, 1]
    with pytest.raises(InvalidRequest, match=r"images\[0\] and images\[2\] both have entity_id 'a'"):
        parse_images([template, COFFEE, template], is_unresolved=is_unresolved)
    with pytest.raises(InvalidRequest, match=r"images\[0\] is of type list"):
        parse_images([["{{ image }}"]], is_unresolved=is_unresolved)
    with pytest.raises(InvalidRequest, match=r"images\[0\]: EntityId"):
        parse_images([{**template, "entity_id": "Ä"}], is_unresolved=is_unresolved)


def test_an_address_is_shown_without_its_signature() -> None:
    image = ImageEntry(0, "https://user:word@h/a.png?Signature=secret", "a")

    assert image.display_url == "https://h/a.png"
