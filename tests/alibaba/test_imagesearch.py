"""ImageSearch beside the other services: names, places of parameters, results beside Data, failures with numbers."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from airflow_provider_viapi.alibaba.account import Account, Signature
from airflow_provider_viapi.alibaba.errors import classify
from airflow_provider_viapi.alibaba.rpc import decode, encode
from airflow_provider_viapi.alibaba.services import find, imagesearch, imgsearch
from airflow_provider_viapi.errors import InvalidRequest, ServiceError, Throttled
from airflow_provider_viapi.http import HttpResponse
from airflow_provider_viapi.jobs.model import RequestNonce
from airflow_provider_viapi.renewable_credentials import Credentials

KEY = Credentials("id", "secret")


def response(body: dict[str, Any]) -> HttpResponse:
    return HttpResponse(200, json.dumps({"RequestId": "r", **body}).encode())


@pytest.mark.parametrize("name", ["AddImage", "DeleteImage"])
def test_a_name_that_was_that_of_imgsearch_alone_still_is(name: str) -> None:
    assert find(name) is find(f"imgsearch.{name}")
    assert find(f"imagesearch.{name}") is not find(name)


def test_a_name_that_only_image_search_has_needs_no_service() -> None:
    assert find("SearchImageByPic") is imagesearch.SEARCH_IMAGE_BY_PIC


def test_a_request_for_an_instance_under_the_short_name_is_refused_before_it_is_sent() -> None:
    with pytest.raises(InvalidRequest, match=r"(InstanceName|ProductId) is not a parameter of this action"):
        find("AddImage").check({"InstanceName": "shop", "ProductId": "1"})


@pytest.mark.parametrize("signature", ["1.0", "ACS3-HMAC-SHA256"])
def test_parameters_are_sent_where_alibabas_client_sends_them(signature: Signature) -> None:
    account = Account(KEY, signature=signature, endpoint="http://127.0.0.1")
    request = {"InstanceName": "shop", "Text": "a red cup", "ScoreThreshold": 0.5}

    sent = encode(
        imagesearch.SEARCH_IMAGE_BY_TEXT,
        imagesearch.SEARCH_IMAGE_BY_TEXT.check(request),
        account,
        KEY,
        RequestNonce.new(),
    )

    assert dict(parse_qsl(urlsplit(sent.url).query))["ScoreThreshold"] == "0.5"
    assert dict(parse_qsl((sent.body or b"").decode())) == {"InstanceName": "shop", "Text": "a red cup"}


def test_a_result_beside_the_request_id_is_found_below_data() -> None:
    answer = decode(
        imagesearch.COMPARE_SIMILAR_BY_IMAGE,
        response({"Success": True, "Code": 0, "Msg": "success", "Score": "0.75"}),
    )

    assert answer["Data"] == {"Score": 0.75}


@pytest.mark.parametrize("success", [{"Code": 0}, {"Code": "0"}, {"Success": True}, {}])
def test_code_0_is_success(success: dict[str, Any]) -> None:
    assert decode(imagesearch.DETAIL, response(success))["Data"] == {}


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        ({"Code": 10001, "Msg": "no such image", "Success": False}, "10001"),
        ({"Msg": "no such image", "Success": False}, "Failed"),
    ],
)
def test_a_failure_that_is_only_a_number_is_an_error(failure: dict[str, Any], code: str) -> None:
    with pytest.raises(ServiceError, match="no such image") as raised:
        decode(imagesearch.SEARCH_IMAGE_BY_PIC, response(failure))

    assert (raised.value.code, raised.value.request_id) == (code, "r")


def test_denied_by_flow_control_is_throttling_and_a_missing_instance_is_an_error_of_the_request() -> None:
    assert classify("DeniedRequest", 403) is Throttled
    assert classify("InvalidInstance", 400) is InvalidRequest
    assert classify("InstanceStatusError", 409) is InvalidRequest


@pytest.mark.parametrize(
    ("request_", "missing"),
    [
        ({}, "ProductId missing; a request without IsDeleteByFilter requires ProductId"),
        ({"IsDeleteByFilter": False, "Filter": "int_attr=1"}, "IsDeleteByFilter False requires ProductId"),
        ({"IsDeleteByFilter": True, "ProductId": "a"}, "IsDeleteByFilter True requires Filter"),
    ],
)
def test_a_deletion_names_a_product_or_a_filter(request_: dict[str, Any], missing: str) -> None:
    with pytest.raises(InvalidRequest, match=missing):
        imagesearch.DELETE_IMAGE.check({"InstanceName": "shop", **request_})


def test_the_content_of_a_picture_is_allowed_and_its_size_checked() -> None:
    request = {"InstanceName": "shop", "ProductId": "1", "PicName": "1.jpg"}
    content = "QUJD" * 100

    assert imagesearch.ADD_IMAGE.check({**request, "PicContent": content})["PicContent"] == content
    with pytest.raises(InvalidRequest, match=r"at most 4 MB; it has about 6,000,000 bytes") as refusal:
        imagesearch.ADD_IMAGE.check({**request, "PicContent": "QUJD" * 2_000_000})
    assert len(refusal.value.message) < 500
    with pytest.raises(InvalidRequest, match="ImageUrl"):
        imgsearch.ADD_IMAGE.check({"DbName": "db", "EntityId": "e", "ImageUrl": content})


@pytest.mark.parametrize("region", ["20,10,0,5", "1,2,3", "a", "0,1,5,5", "-1,2,0,1"])
def test_a_rectangle_that_is_none_is_refused(region: str) -> None:
    with pytest.raises(InvalidRequest, match=r"Region is .* x1 < x2 and y1 < y2"):
        imagesearch.SEARCH_IMAGE_BY_PIC.check(
            {"InstanceName": "shop", "PicContent": "http://h/a.jpg", "Region": region}
        )


def test_a_threshold_has_two_decimal_places() -> None:
    request = {"InstanceName": "shop", "Text": "cup"}

    assert imagesearch.SEARCH_IMAGE_BY_TEXT.check({**request, "ScoreThreshold": "0.29"})
    with pytest.raises(InvalidRequest, match="two decimal places"):
        imagesearch.SEARCH_IMAGE_BY_TEXT.check({**request, "ScoreThreshold": 0.295})
