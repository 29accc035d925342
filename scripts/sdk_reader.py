"""Read what Alibaba's Python SDKs say about actions: names, types and places of parameters, fields of results.

The SDKs are read as syntax trees, not run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ENVELOPE = frozenset({"RequestId", "Code", "Message", "Msg", "Success", "AccessDeniedDetail"})
"""Fields of a response that are not its result."""

SCALARS = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "BinaryIO": "file"}


def sdk_calls(client: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every action that a client calls: its name, and its version and places.

    ``in`` has the part of the call that each parameter is sent in, ``json`` the parameters that are sent as one JSON
    text instead of flat ones.
    """
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
            as_json = set(
                re.findall(r"with_specified_style\([^()]*, '(\w+)', 'json'\)", ast.unparse(function))
            )
            yield (
                str(words["action"]),
                {
                    "version": words["version"],
                    "method": words.get("method", "POST"),
                    "in": places,
                    "json": as_json,
                },
            )


def _assignments(function: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(function):
        match node:
            case ast.Subscript(value=ast.Name(id=variable), slice=ast.Constant(value=str(key))):
                yield variable, key


class SdkModels:
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
        fields = self.fields(name)
        if not any(each["required"] for each in fields.values()):
            fields = _without_required(fields)
        return {wire: {"in": places[wire], **each} for wire, each in fields.items()}

    def result(self, name: str) -> dict[str, Any]:
        """Return the fields of a response's ``Data``, or those of the response if it has none."""
        body = self.fields(name)
        data = body.get("Data") or body.get("Date")
        inner = (
            {key: value for key, value in body.items() if key not in ENVELOPE}
            if data is None
            else data["fields"]
        )
        fields: dict[str, Any] = _without_required(inner)
        return fields

    def fields(self, name: str) -> dict[str, Any]:
        """Return the fields of a class by wire name, each with its type and whether it is required."""
        if name not in self._classes:
            return {}
        node, _ = self._classes[name]
        methods = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
        arguments = methods["__init__"].args.args[1:]
        required = self.required(name)
        types = {each.arg: ast.unparse(each.annotation) for each in arguments if each.annotation}
        return {
            wire: {**self._type(types[attribute]), "required": wire in required}
            for attribute, wire in _wire_names(methods["to_map"]).items()
        }

    def required(self, name: str) -> set[str]:
        """Return the wire names of a class's fields that the SDK marks as required."""
        if name not in self._classes:
            return set()
        node, lines = self._classes[name]
        methods = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
        attributes = set(re.findall(r"validate_required\(self\.(\w+)", ast.unparse(node)))
        attributes |= {
            target.attr
            for each in ast.walk(methods["__init__"])
            if isinstance(each, ast.Assign) and "This parameter is required" in lines[each.lineno - 2]
            for target in each.targets
            if isinstance(target, ast.Attribute)
        }
        return {wire for attribute, wire in _wire_names(methods["to_map"]).items() if attribute in attributes}

    @property
    def requests(self) -> list[str]:
        """Names of the actions that there are request classes of."""
        return [name.removesuffix("Request") for name in self._classes if name.endswith("Request")]

    def _type(self, annotation: str) -> dict[str, Any]:
        if annotation in SCALARS:
            return {"type": SCALARS[annotation]}
        inner = annotation.removeprefix("List[").removesuffix("]").removeprefix("main_models.")
        if annotation.startswith("List["):
            return {"type": "array", "items": self.fields(inner) or SCALARS.get(inner, "any")}
        return {"type": "object", "fields": self.fields(inner)}


def _wire_names(to_map: ast.FunctionDef) -> dict[str, str]:
    names = {}
    for node in ast.walk(to_map):
        match node:
            case ast.If() if "self." in (test := ast.unparse(node.test)):
                attribute = re.findall(r"self\.(\w+)", test)[0]
                names[attribute] = next(name for part, name in _assignments(node) if part == "result")
            # Older SDKs write every attribute.
            case ast.Assign(
                targets=[ast.Subscript(value=ast.Name(id="result"), slice=ast.Constant(value=str(wire)))],
                value=ast.Attribute(value=ast.Name(id="self"), attr=attribute),
            ):
                names.setdefault(attribute, wire)
    return names


def _without_required(fields: Any) -> Any:
    if not isinstance(fields, dict):
        return fields
    return {name: _without_required(each) for name, each in fields.items() if name != "required"}
