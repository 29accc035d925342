"""Answers as they come over HTTP, in JSON and XML."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from airflow_provider_viapi.emulator.response_format import xml
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.xml import parse
from emulator.signing_caller import Caller


@pytest.mark.parametrize("format", [None, "JSON", "json", "whatever"])
def test_json_is_the_default_format(caller: Caller, format: str | None) -> None:
    answer = caller.send("ListImageDbs", system={"Format": format})

    assert answer.headers["content-type"] == "application/json;charset=utf-8"
    assert answer.json()["Data"] == {"DbList": []}


@pytest.mark.parametrize("format", ["XML", "xml"])
def test_xml_has_a_root_named_after_the_action(caller: Caller, format: str) -> None:
    caller.call("CreateImageDb", Name="photos")
    caller.call("CreateImageDb", Name="films")

    answer = caller.send("ListImageDbs", system={"Format": format})

    root, content = parse(answer.content)
    assert answer.headers["content-type"] == "text/xml;charset=utf-8"
    assert root == "ListImageDbsResponse"
    assert content["Data"]["DbList"] == [{"Name": "films"}, {"Name": "photos"}]


def test_the_result_of_a_job_is_a_string_of_json_in_xml_too(
    caller: Caller, source: Callable[[str], str]
) -> None:
    job_id = caller.call("EraseVideoSubtitles", VideoUrl=source("a film"))["RequestId"]
    caller.result(job_id)

    answer = caller.send("GetAsyncJobResult", JobId=job_id, system={"Format": "XML"})

    _, content = parse(answer.content)
    assert httpx.get(json.loads(content["Data"]["Result"])["VideoUrl"]).text == "a film"


@pytest.mark.parametrize("format", ["JSON", "XML"])
def test_an_error_has_the_fields_of_the_services_errors(
    caller: Caller, emulator: EmulatorServer, format: str
) -> None:
    answer = caller.send("ErasePlanets", system={"Format": format})

    root, content = ("Error", answer.json()) if format == "JSON" else parse(answer.content)
    assert answer.status_code == 404
    assert root == "Error"
    assert content.keys() == {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert content["Code"] == "InvalidAction.NotFound"
    assert content["HostId"] == emulator.url.removeprefix("http://")
    assert content["RequestId"] == answer.headers["x-acs-request-id"]


def test_every_request_id_is_new_and_in_a_header_too(caller: Caller) -> None:
    answers = [caller.send("ListImageDbs") for _ in range(2)]

    ids = [answer.json()["RequestId"] for answer in answers]
    assert len(set(ids)) == 2
    assert [answer.headers["x-acs-request-id"] for answer in answers] == ids


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_both_methods_are_answered(caller: Caller, method: str) -> None:
    assert caller.send("ListImageDbs", method=method).status_code == 200


@pytest.mark.parametrize(
    "text", ["a < b & c > d", "风景 \"引号\" 'x'", "bell \x07 and half a pair \ud800", "]]>", ""]
)
def test_any_text_makes_well_formed_xml(text: str) -> None:
    document = xml("Root", {"Text": text, "Yes": True, "Score": 9.5})

    content: dict[str, Any] = {child.tag: child.text or "" for child in ElementTree.fromstring(document)}
    allowed = text.replace("\x07", "\ufffd").replace("\ud800", "\ufffd")
    assert content == {"Text": allowed, "Yes": "true", "Score": "9.5"}
