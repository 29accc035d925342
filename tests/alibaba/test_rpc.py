"""A call to bytes, and bytes to a result or an error of the tree."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, strategies as st

from airflow_provider_viapi.alibaba import signing
from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.rpc import HttpRequest, HttpResponse, decode, encode, flatten
from airflow_provider_viapi.alibaba.services import find, imgsearch, videoenhan
from airflow_provider_viapi.alibaba.signing import canonical_query, sign
from airflow_provider_viapi.errors import CredentialsRejected, ResponseLost, ServiceError, Throttled
from airflow_provider_viapi.jobs.model import RequestNonce
from airflow_provider_viapi.renewable_credentials import Credentials

NOW = datetime(2026, 11, 20, 16, 15, 50, tzinfo=timezone(timedelta(hours=9)))
ACCOUNT = Account(Credentials("key-id", "key-secret", "sts-token"))
ACS3 = replace(ACCOUNT, signature="ACS3-HMAC-SHA256")
BOTH = pytest.mark.parametrize("account", [ACCOUNT, ACS3], ids=lambda account: account.signature)
REQUEST = {"VideoUrl": "http://h/a.mp4?x=1&y=2", "BX": 0.00001, "BH": 0.25}


def encoded(account: Account = ACCOUNT) -> HttpRequest:
    return encode(
        videoenhan.ERASE_VIDEO_SUBTITLES,
        REQUEST,
        account,
        account.credentials.current(),
        RequestNonce("n-1", NOW),
    )


def query_of(request: HttpRequest) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))


def test_system_parameters_go_into_the_query_and_the_actions_own_into_the_body() -> None:
    request = encoded()

    assert urlsplit(request.url)[:3] == ("https", "videoenhan.cn-shanghai.aliyuncs.com", "/")
    assert query_of(request) | {"Signature": ""} == {
        "Action": "EraseVideoSubtitles",
        "Version": "2020-03-20",
        "Format": "JSON",
        "AccessKeyId": "key-id",
        "SecurityToken": "sts-token",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": "n-1",
        "Timestamp": "2026-11-20T07:15:50Z",
        "Signature": "",
    }
    assert dict(parse_qsl(request.body.decode())) == {
        "VideoUrl": REQUEST["VideoUrl"],
        "BX": "0.00001",
        "BH": "0.25",
    }


def test_the_signature_covers_query_and_body() -> None:
    request = encoded()

    query = query_of(request)
    signature = query.pop("Signature")
    assert signature == sign(
        "POST", canonical_query(query | dict(parse_qsl(request.body.decode()))), "key-secret"
    )


def test_acs3_has_system_parameters_in_headers_and_the_actions_own_in_the_body() -> None:
    request = encoded(ACS3)

    assert request.url == "https://videoenhan.cn-shanghai.aliyuncs.com/"
    assert request.body == encoded(ACCOUNT).body
    headers = dict(request.headers)
    assert headers.pop("authorization").startswith("ACS3-HMAC-SHA256 Credential=key-id,SignedHeaders=accept;")
    assert headers == {
        "accept": "application/json",
        "content-type": "application/x-www-form-urlencoded",
        "host": "videoenhan.cn-shanghai.aliyuncs.com",
        "x-acs-action": "EraseVideoSubtitles",
        "x-acs-content-sha256": signing.content_digest(request.body),
        "x-acs-date": "2026-11-20T07:15:50Z",
        "x-acs-security-token": "sts-token",
        "x-acs-signature-nonce": "n-1",
        "x-acs-version": "2020-03-20",
    }


def test_acs3_signs_all_headers_in_alphabetical_order() -> None:
    headers = dict(encoded(ACS3).headers)

    proof = headers.pop("authorization")
    assert list(headers) == sorted(headers)
    assert proof == signing.acs3_authorization("POST", "", headers, Credentials("key-id", "key-secret"))


def test_without_a_token_none_is_sent() -> None:
    key = Credentials("key-id", "key-secret")

    assert "SecurityToken" not in query_of(encoded(Account(key)))
    assert "x-acs-security-token" not in encoded(Account(key, signature="ACS3-HMAC-SHA256")).headers


@BOTH
def test_the_same_nonce_and_time_make_the_same_request_byte_for_byte(account: Account) -> None:
    assert encoded(account) == encoded(account)


@BOTH
def test_an_endpoint_takes_the_place_of_the_services_own_hosts(account: Account) -> None:
    request = encoded(replace(account, endpoint="http://127.0.0.1:8765"))

    assert request.url.startswith("http://127.0.0.1:8765/")


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [
        ("http://127.0.0.1:8765", "127.0.0.1:8765"),
        ("https://Gateway.example", "gateway.example"),
        ("https://gateway.example:443/viapi", "gateway.example"),
        ("http://gateway.example:80", "gateway.example"),
        ("http://gateway.example:443", "gateway.example:443"),
        ("http://[::1]:8765", "[::1]:8765"),
    ],
)
def test_the_signed_host_is_that_of_the_header(endpoint: str, host: str) -> None:
    assert encoded(replace(ACS3, endpoint=endpoint)).headers["host"] == host


@BOTH
def test_parameters_that_alibabas_clients_send_in_the_query_are_sent_there(account: Account) -> None:
    in_query = videoenhan.ERASE_VIDEO_SUBTITLES.replace(in_query=True)

    request = encode(in_query, REQUEST, account, account.credentials.current(), RequestNonce("n-1", NOW))

    assert query_of(request)["VideoUrl"] == REQUEST["VideoUrl"]
    assert request.body == b""


def test_the_signature_covers_the_query_of_either_kind() -> None:
    in_query = videoenhan.ERASE_VIDEO_SUBTITLES.replace(in_query=True)

    request = encode(in_query, REQUEST, ACCOUNT, ACCOUNT.credentials.current(), RequestNonce("n-1", NOW))
    query = query_of(request)
    assert query.pop("Signature") == sign("POST", canonical_query(query), "key-secret")

    request = encode(in_query, REQUEST, ACS3, ACS3.credentials.current(), RequestNonce("n-1", NOW))
    headers = dict(request.headers)
    proof = headers.pop("authorization")
    assert proof == signing.acs3_authorization("POST", urlsplit(request.url).query, headers, ACS3.credentials)


@BOTH
def test_a_request_shows_nothing_that_is_signed(account: Account) -> None:
    shown = repr(encoded(account))

    assert "key-id" not in shown
    assert "Signature" not in shown


@pytest.mark.parametrize(
    ("value", "flat"),
    [
        ({"Boxes": [{"X": 0.5}, {"X": 1e-7}]}, {"Boxes.1.X": "0.5", "Boxes.2.X": "0.0000001"}),
        ({"Mute": True, "Width": 480}, {"Mute": "true", "Width": "480"}),
        ({"Scene": ""}, {"Scene": ""}),
    ],
)
def test_lists_are_counted_from_one_and_numbers_have_no_exponent(
    value: dict[str, Any], flat: dict[str, str]
) -> None:
    assert flatten(value) == flat


@given(st.floats(min_value=0, max_value=1))
def test_a_number_on_the_wire_is_the_number_that_was_given(value: float) -> None:
    written = flatten({"X": value})["X"]

    assert "e" not in written.lower()
    assert float(written) == value


MATCHES = [{"DataId": "1", "EntityId": "fox", "ExtraData": "", "ImageUrl": "http://h/1.jpg", "Score": 9.5}]


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"RequestId": "R", "Data": {"MatchList": MATCHES}}),
        json.dumps(
            {
                "requestId": "R",
                "data": {"matchList": [{k[0].lower() + k[1:]: v for k, v in MATCHES[0].items()}]},
            }
        ),
        """<?xml version="1.0" encoding="UTF-8"?>
        <SearchImageResponse><RequestId>R</RequestId><Data><MatchList><DataId>1</DataId>
        <EntityId>fox</EntityId><ExtraData></ExtraData><ImageUrl>http://h/1.jpg</ImageUrl><Score>9.5</Score>
        </MatchList></Data></SearchImageResponse>""",
    ],
    ids=["json", "json in lower camel case", "xml"],
)
def test_every_form_of_an_answer_reads_the_same(body: str) -> None:
    answer = decode(imgsearch.SEARCH_IMAGE, HttpResponse(200, body.encode()))

    assert answer["RequestId"] == "R"
    assert answer["Data"] == {"MatchList": MATCHES}


def test_an_empty_list_is_a_list_in_xml_too() -> None:
    body = b"<ListImageDbsResponse><RequestId>R</RequestId><Data><DbList/></Data></ListImageDbsResponse>"

    assert decode(imgsearch.LIST_IMAGE_DBS, HttpResponse(200, body))["Data"] == {"DbList": []}


@pytest.mark.parametrize("status", [200, 400, 429])
@pytest.mark.parametrize(
    "body",
    [
        b'{"RequestId": "R", "HostId": "h", "Code": "Throttling.User", "Message": "Too fast."}',
        b"<Error><RequestId>R</RequestId><Code>Throttling.User</Code><Message>Too fast.</Message></Error>",
    ],
    ids=["json", "xml"],
)
def test_the_code_in_the_body_counts_whatever_the_status(body: bytes, status: int) -> None:
    with pytest.raises(Throttled) as caught:
        decode(videoenhan.ERASE_VIDEO_SUBTITLES, HttpResponse(status, body))

    error = caught.value
    assert (error.code, error.message, error.request_id) == ("Throttling.User", "Too fast.", "R")
    assert (error.http_status, error.action) == (status, "EraseVideoSubtitles")
    assert error.host_id == ("h" if b"HostId" in body else None)


BOMB = b"""<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
<EraseVideoSubtitlesResponse><RequestId>&b;</RequestId></EraseVideoSubtitlesResponse>"""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'{"RequestId": "R", "Data": {"Vid',
        b"<html><body>502 Bad Gateway</body></html>",
        b'{"code": 502, "message": "bad gateway"}',
        b"{" * 100_000,
        b"<a>" * 100_000,
        BOMB,
        "<R><RequestId>R</RequestId>".encode("utf-16"),
        b'{"RequestId": null}',
        b'{"RequestId": "R", "Data": "text"}',
        b'{"RequestId": "R", "Data": {"MatchList": [{"Score": "high"}]}}',
        b'{"RequestId": "R", "Data": {"MatchList": [null]}}',
    ],
)
def test_what_is_not_a_well_formed_answer_leaves_the_outcome_open(body: bytes) -> None:
    with pytest.raises(ResponseLost) as caught:
        decode(imgsearch.SEARCH_IMAGE, HttpResponse(502, body))

    assert caught.value.http_status == 502


def test_a_failure_status_without_a_code_is_no_success() -> None:
    with pytest.raises(ResponseLost):
        decode(videoenhan.ERASE_VIDEO_SUBTITLES, HttpResponse(502, b'{"RequestId": "R"}'))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("Data"), inner),
)


@given(
    st.binary()
    | JSON.map(lambda value: json.dumps(value).encode())
    | JSON.map(lambda value: json.dumps({"RequestId": "R", "Data": value}).encode()),
    st.integers(min_value=100, max_value=599),
)
def test_whatever_comes_back_is_a_result_or_an_error_of_the_tree(body: bytes, status: int) -> None:
    try:
        answer = decode(imgsearch.SEARCH_IMAGE, HttpResponse(status, body))
    except ServiceError as error:
        assert "key-secret" not in str(error)
    else:
        assert isinstance(answer["Data"]["MatchList"], list)


def test_a_rejected_key_is_distinguished_from_other_errors() -> None:
    body = b'{"RequestId": "R", "Code": "SignatureDoesNotMatch", "Message": "no"}'

    with pytest.raises(CredentialsRejected):
        decode(videoenhan.ERASE_VIDEO_SUBTITLES, HttpResponse(400, body))


def test_a_canonical_request_that_the_gateway_quotes_keeps_its_token_to_itself() -> None:
    quoted = "server CanonicalRequest is [POST\n/\n\nx-acs-security-token:CAIS/to+ken=\nx-acs-version:1]"
    body = json.dumps({"RequestId": "R", "Code": "SignatureDoesNotMatch", "Message": quoted})

    with pytest.raises(CredentialsRejected) as caught:
        decode(videoenhan.ERASE_VIDEO_SUBTITLES, HttpResponse(400, body.encode()))

    assert "x-acs-security-token:***\n" in caught.value.message


def test_a_string_to_sign_that_the_gateway_quotes_keeps_its_token_to_itself() -> None:
    quoted = "server string to sign is:POST&%2F&AccessKeyId%3DLTAI-id%26SecurityToken%3DCAIS%252Ftoken%26Version%3D1"
    body = json.dumps({"RequestId": "R", "Code": "SignatureDoesNotMatch", "Message": quoted})

    with pytest.raises(CredentialsRejected) as caught:
        decode(videoenhan.ERASE_VIDEO_SUBTITLES, HttpResponse(400, body.encode()))

    assert caught.value.message == (
        "the access key id is known, its secret is wrong; check the password of the connection. The service: "
        "server string to sign is:POST&%2F&AccessKeyId%3D***%26SecurityToken%3D***%26Version%3D1"
    )


def test_a_service_that_says_megabytes_makes_a_short_error() -> None:
    body = json.dumps({"RequestId": "R", "Code": "C" * 1_000_000, "Message": "m" * 5_000_000})

    with pytest.raises(ServiceError) as caught:
        decode(videoenhan.ERASE_VIDEO_SUBTITLES, HttpResponse(400, body.encode()))

    assert len(str(caught.value)) < 3000


@pytest.mark.parametrize("depth", [300, 450, 900, 100_000])
def test_a_response_is_nested_as_deeply_as_python_can_read_or_malformed(depth: int) -> None:
    body = f'{{"RequestId":"R","Data":{{"X":{"[" * depth}{"]" * depth}}}}}'

    with suppress(ResponseLost):
        decode(imgsearch.SEARCH_IMAGE, HttpResponse(200, body.encode()))


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e999", '"NaN"'])
def test_a_number_that_airflow_cannot_store_is_none_in_the_result_of_a_paid_call(value: str) -> None:
    body = f'{{"RequestId": "R", "Data": {{"Sharpness": {value}, "Other": [{value}, 1.5]}}}}'.replace(
        '"NaN", 1', "NaN, 1"
    )

    data = decode(find("imageenhan.AssessSharpness"), HttpResponse(200, body.encode()))["Data"]

    assert data["Sharpness"] is None
    assert data["Other"] == [None, 1.5]


def test_an_action_that_the_service_no_longer_has_says_so_in_the_error_it_gets() -> None:
    body = b'{"RequestId": "R", "Code": "InvalidAction.NotFound", "Message": "Unknown action."}'

    with pytest.raises(ServiceError, match=r"AbstractFilmVideo: .*(gone|no longer|retired|not)"):
        decode(videoenhan.ABSTRACT_FILM_VIDEO, HttpResponse(404, body))


def test_of_a_jobs_submission_only_the_request_id_is_read() -> None:
    body = b'{"RequestId": "J-1", "Data": {"ShotFrameIds": "not read"}}'

    assert decode(videoenhan.ERASE_VIDEO_SUBTITLES, HttpResponse(200, body))["RequestId"] == "J-1"
