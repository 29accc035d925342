"""Write the service models that are data, ``alibaba/services/generated/*.json``, from Alibaba's Python SDKs.

    pip install --no-deps --target NEW alibabacloud-imageenhan20190930 …
    pip install --no-deps --target OLD alibabacloud-imagerecog20190930==1.0.0 …
    make_service_models.py --sdk NEW --older OLD …

The SDKs are read as syntax trees, not run. They have names, types, places and files of parameters and fields of
results, no ranges. Where an SDK marks no parameter of any action as required, those of the older ones are taken; a
retired action that only an older SDK has is taken from it. What no SDK has (summaries, descriptions, limits) is in
``scripts/service_facts``.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sdk_reader import SdkModels, sdk_calls
from service_facts import FACTS, JOB_RESULT, OWN_MODELS, Fact

DATA = Path(__file__).parents[1] / "airflow_provider_viapi" / "alibaba" / "services" / "generated"


class Package:
    """An SDK of one service.

    :param folder: that pip has installed it to
    :param package: its folder
    """

    def __init__(self, folder: Path, package: Path) -> None:
        (distribution,) = folder.glob(f"{package.name}-*.dist-info")
        name, _, release = distribution.name.removesuffix(".dist-info").rpartition("-")
        self.source = f"{name.replace('_', '-')} {release}"
        self.service = package.name.removeprefix("alibabacloud_").rstrip("0123456789")
        self.calls = dict(sdk_calls(package / "client.py"))
        self.models = SdkModels(package)

    def required(self, action: str) -> set[str]:
        """Return the parameters that the SDK marks as required, by their wire names."""
        marked = self.models.required(f"{action}Request") | self.models.required(f"{action}AdvanceRequest")
        # Older SDKs name a file apart from its address.
        return {name.removesuffix("Object") for name in marked}

    @property
    def marks_required(self) -> bool:
        """True if the SDK marks any parameter as required."""
        return any(self.required(action) for action in self.models.requests)


def packages(folder: Path) -> Iterator[Package]:
    """Yield the SDKs in a folder."""
    for package in sorted(folder.glob("alibabacloud_*[0-9]")):
        yield Package(folder, package)


def service_model(sdk: Package, older: list[Package]) -> dict[str, Any]:
    """Return the model of a service, in the format of ``docs/action-models.md``."""
    marking = [each for each in older if each.marks_required]
    actions = {}
    for each in (sdk, *older):
        for name in each.calls:
            if name in actions or (
                each is not sdk and not FACTS.get(f"{sdk.service}.{name}", Fact()).retired
            ):
                continue
            elder = next((other for other in marking if name in other.models.requests), None)
            actions[name] = action_model(each, name, None if each.marks_required else elder)
    version = next(iter(sdk.calls.values()))["version"]
    return {
        "service": sdk.service,
        "version": version,
        "source": sdk.source,
        "actions": dict(sorted(actions.items())),
    }


def action_model(sdk: Package, name: str, marks: Package | None) -> dict[str, Any]:
    """Return the model of an action.

    :param marks: another SDK that knows which parameters are required
    """
    call = sdk.calls[name]
    fact = JOB_RESULT if name == "GetAsyncJobResult" else FACTS.get(f"{sdk.service}.{name}", Fact())
    files = files_of(sdk.models.fields(f"{name}AdvanceRequest"))
    required = sdk.required(name) if marks is None else marks.required(name)
    described = in_order(sdk.models.fields(f"{name}Request"), fact.parameters)
    required |= {wire for wire, facts in fact.parameters.items() if facts.get("required")}
    request = dict(
        sorted(described.items(), key=lambda each: (each[0] not in required, each[0] not in files))
    )
    body = sdk.models.fields(f"{name}ResponseBody")
    model: dict[str, Any] = {"summary": fact.summary or spelled_out(name)}
    required_by = "" if marks is None else f"Which parameters are required is from {marks.source}."
    if note := " ".join(filter(None, (fact.note, required_by))):
        model["note"] = note
    if fact.retired:
        model["retired"] = fact.retired
    if is_job(body):
        model["job"] = True
    if call["method"] == "GET" or (call["in"] and set(call["in"].values()) == {"query"}):
        model["query"] = True
    if re.match(r"(Get|Query|List)[A-Z]", name):
        model["idempotent"] = True
    parameters = {
        wire: parameter_model(each, wire, files, wire in required, wire in call["json"], fact.parameters)
        for wire, each in request.items()
    }
    echoed = {path.rpartition(".")[2] for path in files if "." in path} | set(fact.echoes)
    result = result_model((body.get("Data") or body.get("Date") or {}), echoed, fact.result)
    return model | ({"parameters": parameters} if parameters else {}) | ({"result": result} if result else {})


def in_order(fields: Mapping[str, Any], described: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields in the order in which the facts describe them, then the others."""
    order = list(described)
    return dict(
        sorted(fields.items(), key=lambda each: order.index(each[0]) if each[0] in order else len(order))
    )


def is_job(body: Mapping[str, Any]) -> bool:
    """Return whether an answer is that of a job: it has a message beside the data that come later."""
    return "Message" in body and "Data" in body and "Success" not in body


def files_of(request: Mapping[str, Any], prefix: str = "") -> set[str]:
    """Return the paths of the parameters that take a file in the request with files, such as ``Tasks.ImageURL``."""
    found: set[str] = set()
    for wire, each in request.items():
        inner = each.get("items") or each.get("fields")
        if each["type"] == "file":
            found.add(f"{prefix}{wire}")
        elif isinstance(inner, dict):
            found |= files_of(inner, f"{prefix}{wire}.")
    return found


def parameter_model(
    facts: Mapping[str, Any],
    path: str,
    files: set[str],
    required: bool,
    as_json: bool,
    described: Mapping[str, Mapping[str, Any]],
) -> Any:
    """Return the model of a parameter: its type alone, or a mapping if there is more to say."""
    model: dict[str, Any] = {"type": "file" if path in files else facts["type"]}
    if required:
        model["required"] = True
    if as_json:
        model["json"] = True
    inner = facts.get("items") or facts.get("fields")
    if isinstance(inner, dict):
        model["fields"] = {
            name: parameter_model(each, f"{path}.{name}", files, each["required"], False, described)
            for name, each in inner.items()
        }
    elif inner:
        model["items"] = inner
    if model["type"] == "array":
        model["type"] = "list"
    model |= described.get(path, {})
    return shortened(model)


def shortened(model: dict[str, Any]) -> Any:
    """Return a model as text if it has only a type and whether it is required: ``file!``."""
    if model.keys() <= {"type", "required"} and model["type"] != "object":
        return model["type"] + ("!" if model.get("required") else "")
    return model


def result_model(
    data: Mapping[str, Any], echoed: set[str], described: Mapping[str, Mapping[str, Any]], prefix: str = ""
) -> dict[str, Any]:
    """Return the fields of a result. Those that repeat an address of the request are no files of the result."""
    inner = data.get("items") or data.get("fields") or {}
    if not isinstance(inner, dict):
        return {}
    fields: dict[str, Any] = {}
    for name, each in in_order(inner, {path.removeprefix(prefix): None for path in described}).items():
        # Keys in lower camel case are decoded to upper camel case, as those of all other answers.
        wire, path = name[:1].upper() + name[1:], f"{prefix}{name}"
        items, kind = each.get("items"), each["type"]
        is_file = re.search(r"ur[il]$", name, re.I) and name not in echoed
        if kind == "array":
            model = {"type": "list"}
            if isinstance(items, dict):
                model["fields"] = result_model(each, echoed, described, f"{path}.")
            else:
                model["items"] = items
        elif kind == "object" and each["fields"]:
            model = {"type": "object", "fields": result_model(each, echoed, described, f"{path}.")}
        else:
            model = {"type": "any" if kind == "object" else "file" if is_file and kind == "string" else kind}
        fields[wire] = shortened(model | described.get(path, {}))
    return fields


def spelled_out(name: str) -> str:
    """Return the words of an action's name as a sentence: ``RecognizeBankCard`` → ``Recognize bank card.``"""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*", name)
    rest = [word if word.isupper() and len(word) > 1 else word.lower() for word in words[1:]]
    return " ".join([words[0].capitalize(), *rest]) + "."


def main() -> None:
    """Read the SDKs that the command line names and write the service models."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sdk", type=Path, required=True)
    parser.add_argument("--older", type=Path, nargs="*", default=[])
    given = parser.parse_args()

    older = [package for folder in given.older for package in packages(folder)]
    for sdk in packages(given.sdk):
        if sdk.service not in OWN_MODELS:
            of_service = [each for each in older if each.service == sdk.service]
            model = service_model(sdk, of_service)
            (DATA / f"{sdk.service}.json").write_text(dump(model))


def dump(model: Mapping[str, Any]) -> str:
    """Return a model as JSON with one line for each parameter and field of a result."""
    text = json.dumps(model, indent=1, ensure_ascii=False)
    # Small innermost mappings and lists on one line: a reader sees a parameter at a glance.
    text = re.sub(r"([{\[])\n\s+([^{}\[\]]{0,90}?)\n\s+([}\]])", _joined, text)
    return text + "\n"


def _joined(match: re.Match[str]) -> str:
    inside = re.sub(r"\n\s+", " ", match[2])
    return f"{match[1]}{inside}{match[3]}" if len(inside) <= 90 else match[0]


if __name__ == "__main__":
    main()
