"""The gateway's checks, without HTTP and with a clock that a test holds."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given, strategies as st

from airflow_provider_viapi.alibaba.services import actions
from airflow_provider_viapi.alibaba.signing import canonical_query, sign
from airflow_provider_viapi.emulator.access_keys import AccessKey, AccessKeys
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.gateway import Gateway
from airflow_provider_viapi.emulator.quota import Quota
from airflow_provider_viapi.emulator.request import Call, Request
from emulator.clock import Clock
from emulator.signing_caller import system_parameters

KNOWN = {action.name for action in actions().values()}
CAPTURES = json.loads((Path(__file__).parents[1] / "alibaba" / "signature_1_0_vectors.json").read_text())
NOW = Clock().time
KEY = AccessKey("viapi-emulator", "viapi-emulator-secret")
TEMPORARY_KEY = AccessKey("STS.key", "sts-secret", "the-token", NOW + 60)


def gateway_of(keys: AccessKeys) -> Gateway:
    return Gateway(actions().values(), keys, Quota(None, Clock()))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gateway(clock: Clock) -> Gateway:
    return gateway_of(AccessKeys([KEY, TEMPORARY_KEY], clock))


def signed(
    action: str = "GetAsyncJobResult",
    own: dict[str, str] | None = None,
    *,
    method: str = "POST",
    secret: str = KEY.secret,
    **system: str | None,
) -> Request:
    own = {"JobId": "A"} if own is None else own
    query = system_parameters(action, NOW, **system)
    query["Signature"] = sign(method, canonical_query(query | own), secret)
    if method == "GET":
        return Request("GET", urlencode(query | own))
    return Request("POST", urlencode(query), urlencode(own).encode())


def refusal(gateway: Gateway, request: Request) -> tuple[str, int]:
    with pytest.raises(ApiError) as caught:
        gateway.admit(request)
    return caught.value.code, caught.value.status


def captured(capture: dict[str, Any]) -> tuple[Request, AccessKeys]:
    query = urlsplit(capture["target"]).query
    clock = Clock()
    (timestamp,) = parse_qs(query)["Timestamp"]
    clock.time = datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp()
    token = capture["security_token"]
    key = AccessKey(
        capture["access_key_id"], capture["access_key_secret"], token, clock.time + 60 if token else None
    )
    return Request(capture["method"], query, capture["body"].encode()), AccessKeys([key], clock)


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda capture: capture["name"])
def test_requests_of_alibabas_own_clients_are_authenticated(capture: dict[str, Any]) -> None:
    request, keys = captured(capture)

    assert keys.authenticate(request).id == capture["access_key_id"]


@pytest.mark.parametrize(
    "capture",
    [each for each in CAPTURES if parse_qs(urlsplit(each["target"]).query)["Action"][0] in KNOWN],
    ids=lambda capture: capture["name"],
)
def test_requests_of_alibabas_own_clients_are_accepted(capture: dict[str, Any]) -> None:
    request, keys = captured(capture)

    call = gateway_of(keys).admit(request)

    assert call.action.name == request.parameters["Action"]
    assert set(call.parameters) == {name.split(".")[0] for name in call.wire}


def test_a_single_changed_byte_breaks_a_signature() -> None:
    request, keys = captured(CAPTURES[0])
    changed = Request(request.method, request.query, request.body.replace(b"test1", b"test2"))

    with pytest.raises(ApiError) as caught:
        keys.authenticate(changed)

    assert caught.value.code == "SignatureDoesNotMatch"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_takes_parameters_from_the_query_and_from_a_form(gateway: Gateway, method: str) -> None:
    own = {"VideoUrl": "http://host/a b.mp4".replace(" ", "%20"), "Width": "640", "Height": "480"}

    call: Call = gateway.admit(signed("ChangeVideoSize", own, method=method))

    assert call.parameters == {"VideoUrl": "http://host/a%20b.mp4", "Width": 640, "Height": 480}
    assert call.wire == own


def test_an_unknown_action_is_refused_before_anything_else(gateway: Gateway) -> None:
    request = signed("ErasePlanets", secret="wrong", AccessKeyId="nobody")

    assert refusal(gateway, request) == ("InvalidAction.NotFound", 404)


@pytest.mark.parametrize(
    ("action", "version"), [("ChangeVideoSize", "2023-01-17"), ("GetAsyncJobResult", "2019-01-01")]
)
def test_an_action_of_another_version_is_refused(gateway: Gateway, action: str, version: str) -> None:
    assert refusal(gateway, signed(action, Version=version)) == ("InvalidVersion", 400)


def test_results_can_be_queried_at_the_service_viapi(gateway: Gateway) -> None:
    call = gateway.admit(signed(Version="2023-01-17"))

    assert call.action.service.name == "viapi"


def test_an_unknown_key_is_refused(gateway: Gateway) -> None:
    assert refusal(gateway, signed(AccessKeyId="nobody")) == ("InvalidAccessKeyId.NotFound", 404)


def test_a_wrong_secret_is_refused_with_the_text_that_sdks_parse(gateway: Gateway) -> None:
    with pytest.raises(ApiError) as caught:
        gateway.admit(signed(secret="wrong"))

    words, string_to_sign = caught.value.message.split(" server string to sign is:")
    assert (caught.value.code, caught.value.status) == ("SignatureDoesNotMatch", 400)
    assert words == "Specified signature is not matched with our calculation."
    assert string_to_sign.startswith("POST&%2F&AccessKeyId%3Dviapi-emulator%26Action%3DGetAsyncJobResult%26")
    assert KEY.secret not in string_to_sign


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ("Action", "MissingParameter"),
        ("Version", "MissingParameter"),
        ("AccessKeyId", "MissingAccessKeyId"),
        ("Timestamp", "MissingParameter"),
        ("SignatureNonce", "MissingParameter"),
        ("SignatureMethod", "IncompleteSignature"),
        ("SignatureVersion", "IncompleteSignature"),
    ],
)
def test_every_piece_of_a_signed_call_is_needed(gateway: Gateway, missing: str, code: str) -> None:
    assert refusal(gateway, signed(**{missing: None})) == (code, 400)


def test_a_call_without_a_signature_is_refused(gateway: Gateway) -> None:
    request = Request("GET", urlencode(system_parameters("ListImageDbs", NOW)))

    assert refusal(gateway, request) == ("IncompleteSignature", 400)


@pytest.mark.parametrize("offset", [-3600, 3600, -901, 901])
def test_a_clock_more_than_15_minutes_off_is_refused(gateway: Gateway, clock: Clock, offset: int) -> None:
    request = signed()
    clock.time += offset

    assert refusal(gateway, request) == ("InvalidTimeStamp.Expired", 400)


@pytest.mark.parametrize("offset", [-900, 900])
def test_a_clock_15_minutes_off_is_accepted(gateway: Gateway, clock: Clock, offset: int) -> None:
    request = signed()
    clock.time += offset

    assert gateway.admit(request).parameters == {"JobId": "A"}


@pytest.mark.parametrize(
    "timestamp", ["yesterday", "2027-01-15T08:00:00", "2027-01-15 08:00:00Z", "2027-13-15T08:00:00Z"]
)
def test_a_malformed_timestamp_is_refused(gateway: Gateway, timestamp: str) -> None:
    assert refusal(gateway, signed(Timestamp=timestamp)) == ("InvalidTimeStamp.Format", 400)


def test_the_same_request_is_not_accepted_twice(gateway: Gateway) -> None:
    request = signed()
    gateway.admit(request)

    assert refusal(gateway, request) == ("SignatureNonceUsed", 400)


def test_a_nonce_counts_as_used_only_once_its_signature_was_right(gateway: Gateway) -> None:
    refusal(gateway, signed(secret="wrong", SignatureNonce="once"))

    assert gateway.admit(signed(SignatureNonce="once"))
    assert refusal(gateway, signed(SignatureNonce="once"))[0] == "SignatureNonceUsed"


def test_a_nonce_of_an_invalid_request_is_used_all_the_same(gateway: Gateway) -> None:
    assert refusal(gateway, signed(own={}, SignatureNonce="once"))[0] == "MissingParameter"
    assert refusal(gateway, signed(SignatureNonce="once"))[0] == "SignatureNonceUsed"


@pytest.mark.parametrize(("minutes", "free"), [(30.9, False), (31, True)])
def test_a_nonce_is_free_again_after_31_minutes(
    gateway: Gateway, clock: Clock, minutes: float, free: bool
) -> None:
    gateway.admit(signed(SignatureNonce="once"))
    clock.time += minutes * 60
    again = system_parameters("GetAsyncJobResult", clock.time, SignatureNonce="once", JobId="A")
    again["Signature"] = sign("GET", canonical_query(again), KEY.secret)
    request = Request("GET", urlencode(again))

    if free:
        assert gateway.admit(request)
    else:
        assert refusal(gateway, request)[0] == "SignatureNonceUsed"


@pytest.mark.parametrize(
    ("token", "code"),
    [(None, "MissingSecurityToken"), ("other", "InvalidSecurityToken.MismatchWithAccessKey")],
)
def test_a_temporary_key_needs_its_token(gateway: Gateway, token: str | None, code: str) -> None:
    request = signed(secret=TEMPORARY_KEY.secret, AccessKeyId=TEMPORARY_KEY.id, SecurityToken=token)

    assert refusal(gateway, request) == (code, 400)


def test_a_temporary_key_may_call_with_its_token_until_it_expires(gateway: Gateway, clock: Clock) -> None:
    def request() -> Request:
        return signed(secret=TEMPORARY_KEY.secret, AccessKeyId=TEMPORARY_KEY.id, SecurityToken="the-token")

    assert gateway.admit(request())
    clock.time += 60
    assert refusal(gateway, request()) == ("InvalidSecurityToken.Expired", 400)


@pytest.mark.parametrize(
    ("own", "code", "named"),
    [
        ({"Width": "640", "Height": "480"}, "MissingParameter", "VideoUrl"),
        ({"VideoUrl": "", "Width": "640", "Height": "480"}, "MissingParameter", "VideoUrl"),
        ({"VideoUrl": "http://h/a", "Width": "31", "Height": "480"}, "InvalidParameter", "Width"),
        ({"VideoUrl": "http://h/a", "Width": "640", "Height": "2161"}, "InvalidParameter", "Height"),
        ({"VideoUrl": "ftp://h/a", "Width": "640", "Height": "480"}, "InvalidParameter", "VideoUrl"),
        ({"VideoUrl": "http://h/影", "Width": "640", "Height": "480"}, "InvalidParameter", "VideoUrl"),
    ],
)
def test_parameters_are_checked_by_the_service_model(
    gateway: Gateway, own: dict[str, str], code: str, named: str
) -> None:
    with pytest.raises(ApiError, match=named) as caught:
        gateway.admit(signed("ChangeVideoSize", own))

    assert (caught.value.code, caught.value.status) == (code, 400)


def test_parameters_that_no_action_has_are_ignored(gateway: Gateway) -> None:
    own = {"JobId": "A", "RegionId": "cn-shanghai", "SignatureType": "", "Whatever": "1", "JobId2": "B"}

    assert gateway.admit(signed(own=own)).parameters == {"JobId": "A"}


SYSTEM = ("Action", "Version", "AccessKeyId", "Timestamp", "SignatureNonce", "Signature", "SignatureMethod")
HEADERS = (
    "authorization",
    "content-type",
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-content-sha256",
)
WORDS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["GetAsyncJobResult", "2020-03-20", "HMAC-SHA1", "1.0", "viapi-emulator", "application/json"]
    ),
    st.sampled_from(["ACS3-HMAC-SHA256 Credential=a,SignedHeaders=;;,Signature=" + "0" * 64, "ACS3-"]),
)


@given(
    query=st.dictionaries(st.sampled_from(SYSTEM), WORDS),
    body=st.one_of(st.binary(max_size=200), st.sampled_from([b'{"a": [1, {"b": null}]}', b"[" * 5000])),
    headers=st.dictionaries(st.sampled_from(HEADERS), WORDS),
)
def test_any_request_is_refused_with_an_error_of_the_service(
    query: dict[str, str], body: bytes, headers: dict[str, str]
) -> None:
    with pytest.raises(ApiError):
        gateway_of(AccessKeys([KEY], Clock())).admit(
            Request("POST", urlencode(query, errors="replace"), body, headers)
        )


@given(
    st.dictionaries(
        st.sampled_from(["VideoUrl", "Boxes.1.X", "Boxes.2", "Boxes..", "Boxes.01.X", "Boxes.1.Y"]), st.text()
    )
)
def test_any_parameters_are_accepted_or_refused_with_an_error_of_the_service(own: dict[str, str]) -> None:
    own = {name: text.encode("utf-8", "replace").decode() for name, text in own.items()}

    with contextlib.suppress(ApiError):
        gateway_of(AccessKeys([KEY], Clock())).admit(signed("EraseVideoLogo", own))
