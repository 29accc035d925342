"""Make the fact files of tests/conformance from Alibaba's API metadata and from its Python SDKs.

    read_official_models.py --metadata videoenhan.openapi.json … --sdk FOLDER … --to tests/conformance

The metadata is what Alibaba's OpenAPI portal offers for a service as JSON. A folder of SDKs is what
``pip install --no-deps --target FOLDER alibabacloud-videoenhan20200320 …`` makes; they are read, not run. Where
several folders have an action, the first one counts: the newest SDK before the last one with a retired action.

Only names, types, numbers and words that can be values are kept, no descriptions.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any

SCALARS = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
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
        models = _Models(package)
        for name, call in _calls(package / "client.py"):
            if f"{service}.{name}" not in wanted:
                continue
            actions[f"{service}.{name}"] = {
                "sdk": distribution.name.removesuffix(".dist-info"),
                "version": call["version"],
                "request": models.request(f"{name}Request", call["in"]),
                "result": models.result(f"{name}ResponseBody"),
            }
    return actions


def _calls(client: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for function in ast.walk(ast.parse(client.read_text())):
        if not isinstance(function, ast.FunctionDef) or not function.name.endswith("_with_options"):
            continue
        words = {
            keyword.arg: keyword.value.value
            for keyword in ast.walk(function)
            if isinstance(keyword, ast.keyword) and isinstance(keyword.value, ast.Constant)
        }
        if "action" in words:
            places = {name: part for part, name in _assignments(function) if part in ("body", "query")}
            yield str(words["action"]), {"version": words["version"], "in": places}


def _assignments(function: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(function):
        match node:
            case ast.Subscript(value=ast.Name(id=variable), slice=ast.Constant(value=str(key))):
                yield variable, key


class _Models:
    """The model classes of an SDK: which attribute ``to_map`` writes under which name, and of which type."""

    def __init__(self, package: Path) -> None:
        files = (
            [package / "models.py"] if (package / "models.py").exists() else (package / "models").glob("*.py")
        )
        self._classes: dict[str, tuple[ast.ClassDef, list[str]]] = {}
        for file in files:
            text = file.read_text()
            for node in ast.parse(text).body:
                if isinstance(node, ast.ClassDef):
                    self._classes[node.name] = (node, text.splitlines())

    def request(self, name: str, places: Mapping[str, str]) -> dict[str, Any]:
        """Return a request's parameters; ``required`` only if the SDK marks any parameter so."""
        fields = self._fields(name)
        if not any(each["required"] for each in fields.values()):
            fields = _without_required(fields)
        return {wire: {"in": places[wire], **each} for wire, each in fields.items()}

    def result(self, name: str) -> dict[str, Any]:
        """Return the fields of a response's ``Data``."""
        body = self._fields(name)
        data = body.get("Data") or body.get("Date") or {}
        fields: dict[str, Any] = _without_required(data.get("fields", {}))
        return fields

    def _fields(self, name: str) -> dict[str, Any]:
        if name not in self._classes:
            return {}
        node, lines = self._classes[name]
        methods = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
        arguments = methods["__init__"].args.args[1:]
        types = {each.arg: ast.unparse(each.annotation) for each in arguments if each.annotation}
        required = {
            target.attr
            for each in ast.walk(methods["__init__"])
            if isinstance(each, ast.Assign) and "required" in lines[each.lineno - 2]
            for target in each.targets
            if isinstance(target, ast.Attribute)
        }
        return {
            wire: {**self._type(types[attribute]), "required": attribute in required}
            for attribute, wire in _wire_names(methods["to_map"]).items()
        }

    def _type(self, annotation: str) -> dict[str, Any]:
        if annotation in SCALARS:
            return {"type": SCALARS[annotation]}
        inner = annotation.removeprefix("List[").removesuffix("]").removeprefix("main_models.")
        if annotation.startswith("List["):
            return {"type": "array", "items": self._fields(inner) or SCALARS[inner]}
        return {"type": "object", "fields": self._fields(inner)}


def _wire_names(to_map: ast.FunctionDef) -> dict[str, str]:
    names = {}
    for branch in ast.walk(to_map):
        if isinstance(branch, ast.If) and "self." in (test := ast.unparse(branch.test)):
            attribute = re.findall(r"self\.(\w+)", test)[0]
            names[attribute] = next(name for part, name in _assignments(branch) if part == "result")
    return names


def _without_required(fields: Any) -> Any:
    if not isinstance(fields, dict):
        return fields
    return {name: _without_required(each) for name, each in fields.items() if name != "required"}


def main() -> None:
    """Read what the command line names and write the fact files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--metadata", type=Path, nargs="+", required=True)
    parser.add_argument("--sdk", type=Path, nargs="+", required=True)
    parser.add_argument("--to", type=Path, required=True)
    given = parser.parse_args()

    from airflow_provider_viapi.alibaba.services import actions

    metadata = {name: facts for path in given.metadata for name, facts in read_metadata(path).items()}
    known: dict[str, Any] = {}
    for folder in given.sdk:
        known = read_sdks(folder, actions()) | known
    for name, facts in (("metadata", metadata), ("sdk_models", known)):
        (given.to / f"{name}.json").write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
