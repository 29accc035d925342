"""URIs of assets in OSS, as Airflow reads them: through the provider's metadata."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from airflow.providers.common.compat.sdk import Asset

from airflow_database import AIRFLOW_VERSION
from airflow_provider_viapi.media.asset_uris import (
    asset_uri,
    convert_asset_to_openlineage,
    create_asset,
    sanitize_uri,
)
from airflow_provider_viapi.media.outputs.lineage import name_of


@pytest.mark.parametrize(
    ("written", "uri"),
    [
        ("oss://media/films/a.mp4", "oss://media/films/a.mp4"),
        ("oss://viapi_default@media/films/", "oss://media/films"),
        ("oss://media/films/a b.mp4", "oss://media/films/a%20b.mp4"),
        ("oss://media", "oss://media/"),
    ],
)
def test_a_uri_has_one_form(written: str, uri: str) -> None:
    assert Asset(uri=written).uri == uri


def test_characters_that_a_uri_cannot_contain_are_encoded() -> None:
    assert sanitize_uri(urlsplit("oss://media/中.mp4")).geturl() == "oss://media/%E4%B8%AD.mp4"


@pytest.mark.parametrize(
    "written", ["oss:///films/a.mp4", "oss://media:80/a.mp4", "oss://viapi_default@/a.mp4"]
)
def test_a_uri_without_a_bucket_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="names no bucket; write oss://bucket/key"):
        sanitize_uri(urlsplit(written))


def test_a_query_is_refused_and_not_shown() -> None:
    with pytest.raises(ValueError, match="%3F for a question mark") as refused:
        sanitize_uri(urlsplit("oss://media/a.mp4?Signature=hidden-word"))

    assert "hidden-word" not in str(refused.value)


@pytest.mark.parametrize("key", ["films/a.mp4", "100%.mp4", "is it?.mp4", "中 1#.mp4"])
def test_an_asset_of_bucket_and_key_is_that_of_the_landed_file(key: str) -> None:
    asset = create_asset(bucket="media", key=key, extra={"a": 1})

    lineage = convert_asset_to_openlineage(asset, None)
    assert (lineage.namespace, lineage.name) == name_of(f"oss://media/{key}")
    if "%" not in key:
        assert asset.uri == asset_uri(f"oss://viapi_default@media/{key}")


def test_a_bucket_is_a_dataset() -> None:
    lineage = convert_asset_to_openlineage(Asset(uri="oss://media"), None)

    assert (lineage.namespace, lineage.name) == ("oss://media", "/")


@pytest.mark.skipif(AIRFLOW_VERSION < (3, 0), reason="Airflow 2 makes a warning of it")
def test_airflow_refuses_such_an_asset() -> None:
    with pytest.raises(ValueError, match="names no bucket"):
        Asset(uri="oss:///films/a.mp4")
