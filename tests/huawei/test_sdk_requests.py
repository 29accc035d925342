"""Requests on the wire against what Huawei's own SDK sent when it was given the same.

``sdk_requests.json`` is made by ``scripts/capture_huawei_sdk.py``.
"""

from __future__ import annotations

import json
from dataclasses import replace
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from airflow_provider_viapi.emulator.huawei.identity import read_authorization, read_timestamp
from airflow_provider_viapi.huawei import signing
from airflow_provider_viapi.huawei.account import Account
from airflow_provider_viapi.huawei.rest import encode
from airflow_provider_viapi.huawei.services import find
from airflow_provider_viapi.renewable_credentials import Credentials

CAPTURED = json.loads(Path(__file__).with_name("sdk_requests.json").read_text())
FORMS = [each for each in CAPTURED["requests"] if each["headers"]["content-type"].startswith("multipart/")]
JSON = [each for each in CAPTURED["requests"] if each not in FORMS]
KEY = Credentials(CAPTURED["key"]["ak"], CAPTURED["key"]["sk"], CAPTURED["key"]["token"])


@pytest.mark.parametrize("captured", JSON, ids=lambda each: each["operation"])
def test_the_same_goes_over_the_wire_as_from_the_sdk(captured: dict[str, Any]) -> None:
    action, headers = find(f"metastudio.{captured['operation']}"), captured["headers"]
    account = Account(KEY, project_id=CAPTURED["project_id"], endpoint=f"http://{headers['host']}")
    now = read_timestamp(headers["x-sdk-date"])

    request = encode(action, captured["given"], account, KEY, now)

    parts, theirs = urlsplit(request.url), urlsplit(captured["target"])
    assert (request.method, parts.path) == (captured["method"], theirs.path)
    assert sorted(parse_qsl(parts.query)) == sorted(parse_qsl(theirs.query))
    assert parts.query == theirs.query
    assert json.loads(request.body or b"{}") == json.loads(captured["body"] or "{}")
    for name in ("content-type", "host", "x-project-id", "x-sdk-date", "x-security-token"):
        assert request.headers[name] == headers[name]


@pytest.mark.parametrize("captured", FORMS, ids=lambda each: each["operation"])
def test_the_same_form_goes_over_the_wire_as_from_the_sdk(captured: dict[str, Any]) -> None:
    action, headers = find(f"metastudio.{captured['operation']}"), captured["headers"]
    account = Account(KEY, project_id=CAPTURED["project_id"], endpoint=f"http://{headers['host']}")
    now = read_timestamp(headers["x-sdk-date"])

    request = encode(action, captured["given"], account, KEY, now)

    assert (request.method, urlsplit(request.url).path) == (captured["method"], captured["target"])
    ours = parts_of(request.headers["content-type"], request.body or b"")
    theirs = parts_of(headers["content-type"], captured["body"].encode("latin-1"))
    # The SDK sends the file's own name, in this case a temporary one.
    assert [part["filename"] for part in ours if "filename" in part] == ["file.png"]
    assert [part | {"filename": "" if "filename" in part else None} for part in ours] == [
        part | {"filename": "" if "filename" in part else None} for part in theirs
    ]
    for name in ("host", "x-project-id", "x-sdk-content-sha256", "x-sdk-date", "x-security-token"):
        assert request.headers[name] == headers[name]


def parts_of(content_type: str, body: bytes) -> list[dict[str, Any]]:
    """The parts of a form, in their order, read by the standard library."""
    message = BytesParser(policy=policy.HTTP).parsebytes(
        f"content-type: {content_type}\r\n\r\n".encode() + body
    )
    return [
        {
            **part["content-disposition"].params,
            "type": part.get("content-type"),
            "content": part.get_payload(decode=True),
        }
        for part in message.iter_parts()
    ]


@pytest.mark.parametrize("captured", CAPTURED["requests"], ids=lambda each: each["operation"])
def test_with_the_sdks_headers_and_body_ours_is_the_sdks_signature(captured: dict[str, Any]) -> None:
    claim = read_authorization(captured["headers"]["authorization"])
    signed = {name: captured["headers"][name] for name in claim.signed_headers}
    parts = urlsplit(captured["target"])

    proof = signing.sign(
        captured["method"],
        parts.path,
        parts.query,
        signed,
        captured["body"].encode(),
        KEY.access_key_secret,
    )

    assert (
        signing.authorization(KEY.access_key_id, claim.signed_headers, proof)
        == captured["headers"]["authorization"]
    )


def test_an_applications_user_goes_along_to_metastudio_alone() -> None:
    account = replace(Account(KEY, project_id="p"), app_user_id="user-1")
    now = read_timestamp("20250102T030405Z")

    studio = encode(find("metastudio.ListProducts"), {}, account, KEY, now)
    tasks = encode(find("vias.ListTasks"), {}, account, KEY, now)

    assert studio.headers["x-app-userid"] == "user-1"
    assert "x-app-userid" in read_authorization(studio.headers["authorization"]).signed_headers
    assert "x-app-userid" not in tasks.headers
