"""Make tests/huawei/sdk_models.json from Huawei's MetaStudio SDK for Python.

    read_huawei_models.py FOLDER --to tests/huawei

The folder is what ``pip install --no-deps --target FOLDER huaweicloudsdkmetastudio`` makes; it is read, not run. Only
names, places, types and what is required are kept, no descriptions, and only of the actions that the service model
has.
"""

from __future__ import annotations

import argparse
import ast
import json
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any

PACKAGE = "huaweicloudsdkmetastudio"


def read_sdk(folder: Path, wanted: Container[str]) -> dict[str, Any]:
    """Facts of the wanted operations, by their names."""
    package = folder / PACKAGE / "v1"
    models = _Models(package / "model")
    return dict(_operations(package / "metastudio_client.py", models, wanted))


def version_of(folder: Path) -> str:
    """Return the SDK's name and version."""
    (distribution,) = folder.glob(f"{PACKAGE}-*.dist-info")
    return distribution.name.removesuffix(".dist-info")


def _operations(
    client: Path, models: _Models, wanted: Container[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for function in ast.walk(ast.parse(client.read_text())):
        if not isinstance(function, ast.FunctionDef) or not function.name.endswith("_http_info"):
            continue
        info = _http_info(function)
        operation = info["response_type"].removesuffix("Response")
        if operation not in wanted:
            continue
        types = models.fields(f"{operation}Request")
        facts: dict[str, Any] = {"method": info["method"], "path": info["resource_path"]}
        for place in ("path", "query", "header"):
            names = dict(_places(function, f"{place}_params"))
            facts[f"in_{place}"] = {
                wire: types[own] | {"needs": []} for wire, own in names.items() if own in types
            }
        body = models.by_wire_name(types["body"]["type"]) if "body" in types else {}
        is_form = any(_places(function, "form_params"))
        facts["in_body"] = {} if is_form else body
        if is_form:
            facts["in_form"] = body
        facts["answer"] = sorted(models.by_wire_name(info["response_type"]).keys() - {"X-Request-Id"})
        yield operation, facts


def _http_info(function: ast.FunctionDef) -> dict[str, str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            found = {
                str(key.value): str(value.value)
                for key, value in pairs
                if isinstance(key, ast.Constant) and isinstance(value, ast.Constant)
            }
            if "resource_path" in found:
                return found
    raise ValueError(f"{function.name} has no path")


def _places(function: ast.FunctionDef, variable: str) -> Iterator[tuple[str, str]]:
    """Wire name and own name of what goes into one of path, query and headers."""
    for node in ast.walk(function):
        match node:
            case ast.Assign(
                targets=[ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(wire)))],
                value=ast.Subscript(slice=ast.Constant(value=str(own))),
            ) if name == variable:
                yield wire, own
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="append"),
                args=[
                    ast.Tuple(
                        elts=[
                            ast.Constant(value=str(wire)),
                            ast.Subscript(slice=ast.Constant(value=str(own))),
                        ]
                    )
                ],
            ) if name == variable:
                yield wire, own


class _Models:
    """The model classes: names on the wire, types, and what is required."""

    def __init__(self, folder: Path) -> None:
        self._classes = {
            node.name: node
            for file in folder.glob("*.py")
            for node in ast.parse(file.read_text()).body
            if isinstance(node, ast.ClassDef)
        }

    def fields(self, name: str) -> dict[str, dict[str, Any]]:
        """Type and whether it is required, by the SDK's own names."""
        node = self._classes[name]
        (init,) = (
            each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"
        )
        # What may be left out is set only ``if x is not None``.
        optional = {
            target.attr
            for branch in ast.walk(init)
            if isinstance(branch, ast.If)
            for statement in branch.body
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Attribute)
        }
        types = self._constant(node, "openapi_types")
        return {own: {"type": kind, "required": own not in optional} for own, kind in types.items()}

    def by_wire_name(self, kind: str) -> dict[str, Any]:
        """Return the fields by their wire names, with the required fields of objects inside."""
        wire = self._constant(self._classes[kind], "attribute_map")
        return {
            wire[own]: facts | {"needs": self._needs(facts["type"])}
            for own, facts in self.fields(kind).items()
        }

    def _needs(self, kind: str) -> list[str]:
        inner = kind.removeprefix("list[").removesuffix("]")
        if inner not in self._classes:
            return []
        wire = self._constant(self._classes[inner], "attribute_map")
        return sorted(wire[own] for own, facts in self.fields(inner).items() if facts["required"])

    def _constant(self, node: ast.ClassDef, name: str) -> Mapping[str, str]:
        for each in node.body:
            if (
                isinstance(each, ast.Assign)
                and isinstance(each.targets[0], ast.Name)
                and each.targets[0].id == name
            ):
                value: Mapping[str, str] = ast.literal_eval(each.value)
                return value
        return {}


def main() -> None:
    """Read what the command line names and write the fact file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    given = parser.parse_args()

    from airflow_provider_viapi.huawei.services import metastudio

    facts = read_sdk(given.folder, {action.name for action in metastudio.ACTIONS})
    document = {"sdk": version_of(given.folder), "operations": facts}
    (given.to / "sdk_models.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
