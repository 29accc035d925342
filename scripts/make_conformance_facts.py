"""Make the fact files of tests/conformance from Alibaba's API metadata and from its Python SDKs.

    make_conformance_facts.py --metadata videoenhan.openapi.json … --sdk FOLDER … --to tests/conformance

The metadata is what Alibaba's OpenAPI portal offers for a service as JSON. A folder of SDKs is what
``pip install --no-deps --target FOLDER alibabacloud-videoenhan20200320 …`` makes; they are read, not run. Where
several folders have an action, the first one counts: the newest SDK before the last one with a retired action.

Only names, types, numbers and words that can be values are kept, no descriptions.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from sdk_reader import SdkModels, sdk_calls

RANGE = re.compile(r"(?<![\d.,])(\d+)[a-z]*\s*[~,]\s*(\d+)[a-z]*(?![\d,])")


def read_metadata(path: Path) -> dict[str, Any]:
    """Facts of every action of a service, by the full name of the action."""
    document = json.loads(path.read_text())
    product, version = document["info"]["product"], document["info"]["version"]
    return {
        f"{product}.{name}": {
            "version": version,
            # The text on the answer of an action that gives a job sends the reader to this one.
            "asynchronous": "GetAsyncJobResult" in api.get("responseParamsDescription", ""),
            "parameters": {each["name"]: _parameter(each) for each in api.get("parameters", [])},
            "result": _result(api["responses"]["200"]["schema"]["properties"]),
        }
        for name, api in document["apis"].items()
    }


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    return {"in": parameter["in"], **_schema(parameter["schema"])}


def _schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    text = schema.get("description", "")
    facts: dict[str, Any] = {"type": schema["type"], "required": bool(schema.get("required"))}
    for name in ("minimum", "maximum", "maxItems"):
        if name in schema:
            facts[name] = float(schema[name])
    if "default" in schema:
        facts["default"] = schema["default"]
    if stated := RANGE.search(text):
        facts["stated_range"] = [float(number) for number in stated.groups()]
    if schema["type"] == "string" and not schema.get("isFileTransferUrl"):
        facts["words"] = sorted(set(re.findall(r"[A-Za-z0-9]+", text)))
    if schema["type"] == "array":
        facts["items"] = {name: _schema(each) for name, each in schema["items"]["properties"].items()}
    return facts


def _result(properties: Mapping[str, Any]) -> dict[str, Any]:
    # One action has its result under Date.
    data = properties.get("Data") or properties.get("Date") or {}
    return _fields(data.get("properties", {}))


def _fields(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"type": each["type"]}
        | ({"items": _fields(each["items"].get("properties", {}))} if each["type"] == "array" else {})
        for name, each in properties.items()
    }


def read_sdks(folder: Path, wanted: Container[str]) -> dict[str, Any]:
    """Facts of the wanted actions that the SDKs in a folder know, by the full name of the action."""
    actions: dict[str, Any] = {}
    for package in sorted(folder.glob("alibabacloud_*[0-9]")):
        (distribution,) = folder.glob(f"{package.name}-*.dist-info")
        service = package.name.removeprefix("alibabacloud_").rstrip("0123456789")
        models = SdkModels(package)
        for name, call in sdk_calls(package / "client.py"):
            if f"{service}.{name}" not in wanted:
                continue
            actions[f"{service}.{name}"] = {
                "sdk": distribution.name.removesuffix(".dist-info"),
                "version": call["version"],
                "request": models.request(f"{name}Request", call["in"]),
                "result": models.result(f"{name}ResponseBody"),
            }
    return actions


def main() -> None:
    """Read what the command line names and write the fact files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--metadata", type=Path, nargs="+", required=True)
    parser.add_argument("--sdk", type=Path, nargs="+", required=True)
    parser.add_argument("--to", type=Path, required=True)
    given = parser.parse_args()

    from airflow_provider_viapi.alibaba.services import hand_written

    metadata = {name: facts for path in given.metadata for name, facts in read_metadata(path).items()}
    known: dict[str, Any] = {}
    for folder in given.sdk:
        known = read_sdks(folder, hand_written()) | known
    for name, facts in (("metadata", metadata), ("sdk_models", known)):
        (given.to / f"{name}.json").write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
