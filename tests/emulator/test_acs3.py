"""ACS3-HMAC-SHA256: what Alibaba's own clients sent is believed, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from airflow_provider_viapi.alibaba import signing
from airflow_provider_viapi.alibaba.services import actions
from airflow_provider_viapi.alibaba.signing import canonical_query
from airflow_provider_viapi.emulator.access_keys import AccessKey, AccessKeys
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.gateway import Gateway
from airflow_provider_viapi.emulator.quota import Quota
from airflow_provider_viapi.emulator.request import Request
from airflow_provider_viapi.renewable_credentials import Credentials
from emulator.clock import Clock
from emulator.signing_caller import Caller, timestamp

CAPTURES = json.loads(Path(__file__).with_name("acs3_vectors.json").read_text())
FORM = "application/x-www-form-urlencoded"
NOW = Clock().time
KEY = AccessKey()


def captured(capture: dict[str, Any]) -> tuple[Request, AccessKeys]:
    clock = Clock()
    clock.time = datetime.fromisoformat(capture["headers"]["x-acs-date"].replace("Z", "+00:00")).timestamp()
    token = capture["security_token"]
    key = AccessKey(
        capture["access_key_id"], capture["access_key_secret"], token, clock.time + 60 if token else None
    )
    query = capture["target"].partition("?")[2]
    request = Request(capture["method"], query, capture["body"].encode(), capture["headers"])
    return request, AccessKeys([key], clock)


def signed(
    action: str = "GetAsyncJobResult",
    *,
    version: str = "2020-03-20",
    query: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    document: object = None,
    secret: str = KEY.secret,
    now: float = NOW,
    **changed: str | None,
) -> Request:
    body = json.dumps(document).encode() if document is not None else urlencode(form or {}).encode()
    headers = {
        "host": "127.0.0.1:8765",
        "x-acs-action": action,
        "x-acs-version": version,
        "x-acs-date": timestamp(now),
        "x-acs-signature-nonce": "a-nonce",
        "x-acs-content-sha256": signing.content_digest(body),
        "content-type": FORM if document is None else "application/json; charset=utf-8",
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    sent = {name: value for name, value in headers.items() if value is not None}
    canonical = canonical_query(query or {})
    proof = signing.acs3_authorization(
        "POST", canonical, {"x-acs-content-sha256": "", **sent}, Credentials(KEY.id, secret)
    )
    return Request("POST", canonical, body, {**sent, "authorization": proof})


@pytest.fixture
def gateway() -> Gateway:
    clock = Clock()
    return Gateway(actions().values(), AccessKeys([KEY], clock), Quota(None, clock))


def code(gateway: Gateway, request: Request) -> str:
    with pytest.raises(ApiError) as caught:
        gateway.admit(request)
    return caught.value.code


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda capture: capture["name"])
def test_requests_of_alibabas_own_clients_are_authenticated(capture: dict[str, Any]) -> None:
    request, keys = captured(capture)

    assert keys.authenticate(request).id == capture["access_key_id"]


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda capture: capture["name"])
def test_a_changed_byte_breaks_the_signature(capture: dict[str, Any]) -> None:
    request, keys = captured(capture)
    headers = {**request.headers, "x-acs-action": f"{request.headers['x-acs-action']}s"}
    changed = [replace(request, headers=headers), replace(request, body=request.body + b"&Extra=1")]
    changed.append(replace(request, query=f"{request.query}&Extra=1"))

    for each in changed:
        with pytest.raises(ApiError) as caught:
            keys.authenticate(each)
        assert caught.value.code == "SignatureDoesNotMatch"


def test_parameters_come_from_query_form_and_json(gateway: Gateway) -> None:
    video = {"VideoUrl": "http://host/a.mp4"}
    boxes = [{"X": 0.5, "Y": 0.5, "W": 0.25, "H": 1}]

    by_query = gateway.admit(signed("ChangeVideoSize", query={**video, "Width": "64", "Height": "48"}))
    by_form = gateway.admit(
        signed("ChangeVideoSize", form={**video, "Width": "64", "Height": "48"}, x_acs_signature_nonce="b")
    )
    by_json = gateway.admit(
        signed("EraseVideoLogo", document={**video, "Boxes": boxes, "Other": None}, x_acs_signature_nonce="c")
    )

    assert by_query.parameters == by_form.parameters == {**video, "Width": 64, "Height": 48}
    assert by_json.parameters == {**video, "Boxes": [{"X": 0.5, "Y": 0.5, "W": 0.25, "H": 1.0}]}


@pytest.mark.parametrize("document", [[], "text", 5])
def test_json_that_is_no_structure_holds_no_parameters(gateway: Gateway, document: object) -> None:
    assert code(gateway, signed(document=document)) == "MissingParameter"


def test_the_service_is_chosen_by_headers(gateway: Gateway) -> None:
    call = gateway.admit(signed(form={"JobId": "A"}, version="2023-01-17"))

    assert (call.action.service.name, call.action.name) == ("viapi", "GetAsyncJobResult")


@pytest.mark.parametrize(
    ("changed", "code_"),
    [
        ({"secret": "wrong"}, "SignatureDoesNotMatch"),
        ({"now": NOW + 901}, "InvalidTimeStamp.Expired"),
        ({"now": NOW - 901}, "InvalidTimeStamp.Expired"),
        ({"x_acs_date": "yesterday"}, "InvalidTimeStamp.Format"),
        ({"x_acs_date": None}, "MissingParameter"),
        ({"x_acs_signature_nonce": None}, "MissingParameter"),
        ({"x_acs_content_sha256": None}, "MissingParameter"),
        ({"x_acs_content_sha256": "0" * 64}, "SignatureDoesNotMatch"),
        ({"x_acs_version": None}, "MissingParameter"),
        ({"action": "ErasePlanets"}, "InvalidAction.NotFound"),
        ({"version": "2019-01-01"}, "InvalidVersion"),
    ],
)
def test_an_invalid_request_is_refused(gateway: Gateway, changed: dict[str, Any], code_: str) -> None:
    assert code(gateway, signed(**{"form": {"JobId": "A"}, **changed})) == code_


@pytest.mark.parametrize(
    ("said", "instead", "code_"),
    [
        ("Credential=viapi-emulator", "Credential=nobody", "InvalidAccessKeyId.NotFound"),
        ("Credential=viapi-emulator", "Credential=", "MissingAccessKeyId"),
        ("x-acs-action;", "", "IncompleteSignature"),
        ("Signature=", "Proof=", "IncompleteSignature"),
    ],
)
def test_an_incomplete_authorization_header_is_refused(
    gateway: Gateway, said: str, instead: str, code_: str
) -> None:
    request = signed(form={"JobId": "A"})
    header = request.headers["authorization"].replace(said, instead)

    assert code(gateway, replace(request, headers={**request.headers, "authorization": header})) == code_


def test_a_nonce_is_used_up_whichever_way_a_request_is_signed(caller: Caller) -> None:
    request = signed("ListImageDbs")
    first = caller.http.post("/", headers=request.headers, content=request.body)
    again = caller.http.post("/", headers=request.headers, content=request.body)

    assert (first.status_code, first.json()["Data"]) == (200, {"DbList": []})
    assert again.json()["Code"] == "SignatureNonceUsed"
    assert caller.refused("ListImageDbs", system={"SignatureNonce": "a-nonce"}) == (400, "SignatureNonceUsed")


def test_the_error_of_a_wrong_secret_does_not_contain_the_right_one(gateway: Gateway) -> None:
    with pytest.raises(ApiError) as caught:
        gateway.admit(signed(form={"JobId": "A"}, secret="wrong"))

    assert "server StringToSign is [ACS3-HMAC-SHA256\n" in caught.value.message
    assert "server CanonicalRequest is [POST\n/\n" in caught.value.message
    assert KEY.secret not in caught.value.message


@pytest.mark.parametrize(
    ("accept", "kind"), [("application/json", "application/json"), ("text/xml", "text/xml")]
)
def test_the_answer_has_the_form_that_is_accepted(caller: Caller, accept: str, kind: str) -> None:
    request = signed("ListImageDbs", accept=accept)

    answer = caller.http.post("/", headers=request.headers, content=request.body)

    assert answer.headers["content-type"].startswith(kind)
