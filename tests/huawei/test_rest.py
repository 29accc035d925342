"""A call to bytes, and bytes to an answer or an error of the tree."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_provider_viapi.errors import (
    ConnectionFailed,
    CredentialsRejected,
    InvalidRequest,
    PermissionDenied,
    ResponseLost,
    ServiceError,
    Throttled,
    TransientError,
    proves_not_accepted,
)
from airflow_provider_viapi.http import HttpRequest, HttpResponse
from airflow_provider_viapi.huawei.account import Account, Token
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.rest import decode, encode, rate_limit
from airflow_provider_viapi.huawei.services import metastudio, vias
from airflow_provider_viapi.renewable_credentials import Credentials

NOW = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
KEY = Credentials("the-ak", "the-sk", "the-sts-token")
TOKEN = Token("the-iam-token", 4e9)
ACCOUNT = Account(KEY, project_id="p1")
CREATE, SHOW, LIST = vias.tasks.CREATE_TASK, vias.tasks.SHOW_TASK, vias.tasks.LIST_TASKS
TASK = {
    "service_name": "c-flowcount-cloud",
    "name": "gate",
    "input": {"type": "video_source", "data": [{"video_source_id": "v1"}]},
    "output": {"webhook": {"url": "https://h/alarms"}},
    "service_version": "1.2",
    "config": {"zones": [[0.1, 0.2]]},
}


def encoded(account: Account = ACCOUNT, auth: Any = KEY, request: dict[str, Any] = TASK) -> HttpRequest:
    return encode(CREATE, CREATE.check(request), account, auth, NOW)


def test_an_error_message_can_be_stored_and_is_short() -> None:
    body = b'{"error_code": "X.1", "error_msg": "a\\u0000b\\ud800' + b"m" * 5_000_000 + b'"}'

    with pytest.raises(ServiceError) as caught:
        decode(SHOW, HttpResponse(400, body))

    assert caught.value.message.startswith("a\ufffdb\ufffdm")
    assert len(str(caught.value)) < 3000


def test_a_number_that_airflow_cannot_store_is_none() -> None:
    assert decode(SHOW, HttpResponse(200, b'{"id": "x", "score": NaN, "rate": 1e999}')) == {
        "id": "x",
        "score": None,
        "rate": None,
    }


def test_each_parameter_goes_where_it_belongs() -> None:
    request = encoded()

    assert (request.method, request.url) == (
        "POST",
        "https://vias.cn-north-4.myhuaweicloud.com/v2/p1/services/c-flowcount-cloud/tasks",
    )
    assert json.loads(request.body) == {name: value for name, value in TASK.items() if name != "service_name"}
    assert request.headers["x-project-id"] == "p1"
    assert request.headers["x-sdk-date"] == "20250102T030405Z"
    assert request.headers["x-security-token"] == "the-sts-token"


def test_the_same_arguments_make_the_same_bytes() -> None:
    assert encoded() == encoded()


def test_a_token_goes_along_and_nothing_is_signed() -> None:
    request = encoded(auth=TOKEN)

    assert request.headers["x-auth-token"] == "the-iam-token"
    assert "authorization" not in request.headers


def test_the_other_family_of_paths_is_a_setting_where_it_is_known() -> None:
    v1 = replace(ACCOUNT, vias_paths="v1")
    stop = {"task_id": "t1", "command": "stop"}

    assert "/v1/p1/infer/services/c-flowcount-cloud/tasks" in encoded(v1).url
    assert "/v1/p1/infer/tasks/t1" in encode(SHOW, {"task_id": "t1"}, v1, KEY, NOW).url
    assert "/v2/p1/tasks/t1/action/stop" in encode(vias.tasks.START_STOP_TASK, stop, v1, KEY, NOW).url


def test_one_endpoint_is_used_for_all_services_and_an_own_one_for_its_service() -> None:
    account = replace(ACCOUNT, endpoint="http://127.0.0.1:1/base", endpoints={"vias": "https://vias.example"})

    assert encoded(account).url.startswith("https://vias.example/v2/p1/")
    products = encode(metastudio.products.LIST_PRODUCTS, {"limit": 5}, account, KEY, NOW)
    assert products.url == "http://127.0.0.1:1/base/v1/p1/products?limit=5"


def test_a_value_in_a_path_cannot_leave_its_segment() -> None:
    request = encode(SHOW, {"task_id": "../../x?y=1#z"}, ACCOUNT, KEY, NOW)

    assert request.url.endswith("/v2/p1/tasks/..%2F..%2Fx%3Fy%3D1%23z")


def test_a_body_over_12_mb_is_refused_with_a_key_and_sent_with_a_token() -> None:
    photo = {"human_image": "A" * (12 * 1024 * 1024)}
    check = metastudio.videos.CREATE_PHOTO_DETECTION

    with pytest.raises(
        InvalidRequest, match=r"CreatePhotoDetection: the body has 1258\d+ bytes; allowed: 12582912"
    ):
        encode(check, photo, ACCOUNT, KEY, NOW)

    assert len(encode(check, photo, ACCOUNT, TOKEN, NOW).body) > 12 * 1024 * 1024


def test_a_request_shows_nothing_that_is_private() -> None:
    shown = repr(encoded()) + repr(encoded(auth=TOKEN)) + repr(TOKEN)

    for secret in ("the-sk", "the-sts-token", "the-iam-token", "Signature="):
        assert secret not in shown


ERRORS: dict[str, Any] = {
    "documented": {
        "error_code": "VIAS.00010001",
        "error_msg": "The parameters are invalid.",
        "request_id": "R",
    },
    "camel case": {"errorCode": "VIAS.00010001", "errorMsg": "The parameters are invalid.", "requestId": "R"},
    "short": {"code": "VIAS.00010001", "message": "The parameters are invalid.", "request_id": "R"},
    "nested": {
        "error": {"code": "VIAS.00010001", "message": "The parameters are invalid."},
        "request_id": "R",
    },
    "with advice": {
        "error_code": "VIAS.00010001",
        "error_msg": "The parameters are invalid.",
        "detail": "name",
        "params": None,
        "advice": "Check it.",
        "request_id": "R",
    },
}


@pytest.mark.parametrize("body", ERRORS.values(), ids=ERRORS)
def test_an_error_is_read_in_every_shape_that_is_known(body: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        decode(CREATE, HttpResponse(400, json.dumps(body).encode()))

    error = caught.value
    assert (error.code, error.message) == ("VIAS.00010001", "The parameters are invalid.")
    assert (error.request_id, error.http_status, error.action) == ("R", 400, "CreateTask")


XML_ERRORS = {
    "gateway": b"""<?xml version="1.0"?><error><error_code>IVA.0101</error_code><error_msg>No such API.</error_msg>
        <request_id>R</request_id></error>""",
    "storage": b"<Error><Code>IVA.0101</Code><Message>No such API.</Message><RequestId>R</RequestId></Error>",
    "nested": b"<r><request_id>R</request_id><error><code>IVA.0101</code><message>No such API.</message></error></r>",
}


@pytest.mark.parametrize("body", XML_ERRORS.values(), ids=XML_ERRORS)
def test_an_error_in_xml_is_read_and_is_no_lost_response(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="No such API") as caught:
        decode(CREATE, HttpResponse(404, body))

    assert (caught.value.code, caught.value.request_id) == ("IVA.0101", "R")


def test_throttling_in_xml_is_recognized() -> None:
    body = b"<error><error_code>IVA.0308</error_code><error_msg>Too many.</error_msg></error>"

    with pytest.raises(Throttled, match="Too many"):
        decode(CREATE, HttpResponse(400, body))


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body><code>200</code><message>OK</message></body></html>",
        b"<!DOCTYPE e [<!ENTITY a 'b'>]><e><code>x</code><message>&a;</message></e>",
    ],
)
def test_a_page_or_a_document_with_entities_is_no_error_of_the_service(body: bytes) -> None:
    with pytest.raises(ResponseLost):
        decode(CREATE, HttpResponse(400, body))


def test_a_numeric_code_is_read_too_and_the_id_may_be_in_a_header() -> None:
    body = {"error": {"code": 401, "message": "The username or password is wrong.", "title": "Unauthorized"}}

    with pytest.raises(CredentialsRejected) as caught:
        decode(CREATE, HttpResponse(401, json.dumps(body).encode(), {"x-request-id": "H"}))

    assert (caught.value.code, caught.value.request_id) == ("401", "H")


IN_NO_SHAPE = pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'"no"', b"<html>", b"{", b'{"error": 5}', b"\xff"]
)


@IN_NO_SHAPE
@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        (CREATE, 429, Throttled),
        (SHOW, 429, Throttled),
        (SHOW, 401, CredentialsRejected),
        # Huawei's gateway names a code: whoever did not may have forwarded the request.
        (CREATE, 401, ResponseLost),
    ],
)
def test_a_rejected_key_and_throttling_are_recognized_by_their_status(
    action: Action, body: bytes, status: int, kind: type[ServiceError]
) -> None:
    with pytest.raises(kind, match="the service gave no reason") as caught:
        decode(action, HttpResponse(status, body))

    assert type(caught.value) is kind


@IN_NO_SHAPE
@pytest.mark.parametrize("status", [400, 403, 404, 451, 503])
@pytest.mark.parametrize("action", [CREATE, SHOW], ids=["create", "question"])
def test_an_error_without_structure_may_be_a_proxys_and_leaves_the_outcome_unknown(
    action: Action, body: bytes, status: int
) -> None:
    with pytest.raises(ResponseLost) as caught:
        decode(action, HttpResponse(status, body))

    assert caught.value.http_status == status


@IN_NO_SHAPE
@pytest.mark.parametrize("status", [405, 407, 411, 413, 414, 415, 431])
def test_what_a_gateway_did_not_forward_did_not_reach_the_service(body: bytes, status: int) -> None:
    for action in (CREATE, SHOW):
        with pytest.raises(ConnectionFailed) as caught:
            decode(action, HttpResponse(status, body))
        assert caught.value.http_status == status
        assert proves_not_accepted(caught.value)


@pytest.mark.parametrize(
    ("status", "kind"), [(400, InvalidRequest), (403, PermissionDenied), (404, InvalidRequest)]
)
def test_an_error_with_a_code_is_classified_by_its_status(status: int, kind: type[ServiceError]) -> None:
    body = json.dumps(ERRORS["documented"]).encode()

    for action in (CREATE, SHOW):
        with pytest.raises(kind):
            decode(action, HttpResponse(status, body))


@pytest.mark.parametrize("code", ["APIGW.0308", "APIG.0308", "APIC.0308", "IVA.0308", "VIAS.0308"])
def test_throttling_is_recognized_by_its_code_whatever_the_status(code: str) -> None:
    body = json.dumps({"error_code": code, "error_msg": "The throttling threshold has been reached"})

    with pytest.raises(Throttled):
        decode(CREATE, HttpResponse(400, body.encode()))


@pytest.mark.parametrize("status", [408, 502, 504])
def test_a_gateway_timeout_leaves_the_outcome_unknown(status: int) -> None:
    body = json.dumps({"error_code": "APIGW.0203", "error_msg": "Backend timeout."})

    with pytest.raises(ResponseLost):
        decode(CREATE, HttpResponse(status, body.encode()))


def test_a_server_error_leaves_the_outcome_of_a_create_unknown_but_not_of_a_read() -> None:
    stumbled = HttpResponse(500, b'{"error_code": "VIAS.00000001", "error_msg": "Internal error."}')

    with pytest.raises(ResponseLost):
        decode(CREATE, stumbled)
    with pytest.raises(TransientError) as caught:
        decode(SHOW, stumbled)
    assert type(caught.value) is TransientError


def test_a_service_that_is_unavailable_is_transient_and_its_outcome_unknown() -> None:
    closed = HttpResponse(503, b'{"error_code": "VIAS.00000002", "error_msg": "Busy."}')

    with pytest.raises(TransientError) as caught:
        decode(CREATE, closed)
    assert not isinstance(caught.value, ResponseLost)
    assert not proves_not_accepted(caught.value)


@pytest.mark.parametrize("body", [b"<html>", b"{", b'{"tasks": [{"id'])
def test_a_success_that_cannot_be_read_leaves_it_open(body: bytes) -> None:
    with pytest.raises(ResponseLost):
        decode(CREATE, HttpResponse(200, body))


def test_a_redirect_is_not_followed_and_did_not_reach_the_service() -> None:
    moved = HttpResponse(302, b"{}", {"location": "https://user:secret@elsewhere.example/?token=secret"})

    with pytest.raises(ConnectionFailed, match=r"redirects to https://elsewhere\.example;") as caught:
        decode(CREATE, moved)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (200, b'{"tasks": [{"id": "t1"}]}', {"tasks": [{"id": "t1"}]}),
        (201, b'{"token": {}}', {"token": {}}),
        (204, b"", {}),
        (200, b"true", {"value": True}),
    ],
)
def test_an_answer_is_what_it_says(status: int, body: bytes, answer: dict[str, Any]) -> None:
    assert decode(CREATE, HttpResponse(status, body)) == answer


def test_a_canonical_request_that_the_gateway_quotes_keeps_its_token_to_itself() -> None:
    quoted = (
        "verify aksk signature fail, canonicalRequest: GET\n/v2/p/\n\nx-security-token:CAIS/to+ken=\nhost:h"
    )
    body = json.dumps({"error_code": "APIGW.0301", "error_msg": quoted})

    with pytest.raises(CredentialsRejected) as caught:
        decode(CREATE, HttpResponse(401, body.encode()))

    assert "CAIS" not in str(caught.value)
    assert "x-security-token:***\nhost:h" in caught.value.message


def test_the_rate_limits_headers_are_quoted_as_they_are() -> None:
    headers = {"x-ratelimit": "100", "x-ratelimit-used": "97", "x-ratelimit-window": "minute"}

    assert rate_limit(HttpResponse(200, b"{}", headers)) == (
        "x-ratelimit 100, x-ratelimit-used 97, x-ratelimit-window minute"
    )
    assert rate_limit(HttpResponse(200, b"{}")) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.text() | st.sampled_from(["error_code", "error_msg", "code", "message", "error"]), inner
        )
    ),
)


@given(
    st.binary() | JSON.map(lambda value: json.dumps(value).encode()),
    st.integers(min_value=100, max_value=599),
    st.sampled_from([CREATE, SHOW, metastudio.speech.CREATE_ASYNC_TTS_JOB]),
)
def test_whatever_comes_back_is_an_answer_or_an_error_of_the_tree(
    body: bytes, status: int, action: Any
) -> None:
    try:
        answer = decode(action, HttpResponse(status, body))
    except ServiceError as error:
        assert error.http_status == status
    else:
        assert isinstance(answer, dict)
        assert 200 <= status < 300
