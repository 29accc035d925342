"""The provider's service models as data, and an ordinary request for each action; this side runs none of its code."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "airflow_provider_viapi" / "alibaba" / "services" / "generated"


@dataclass(frozen=True)
class Modelled:
    """An action of a service model.

    :param service: the document of the service
    :param name: of the action
    """

    service: Mapping[str, Any]
    name: str

    def __str__(self) -> str:
        return f"{self.service['service']}.{self.name}"

    @property
    def model(self) -> Mapping[str, Any]:
        """The document of the action."""
        model: Mapping[str, Any] = self.service["actions"][self.name]
        return model

    @property
    def package(self) -> str:
        """Name of the SDK's package."""
        return f"alibabacloud_{self.service['service']}{self.service['version'].replace('-', '')}"

    def module(self, name: str) -> ModuleType:
        """Return a module of the SDK: ``client`` or ``models``."""
        return importlib.import_module(f"{self.package}.{name}")

    def call(self, client: Any, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call the action with the SDK, and return the body of the answer."""
        method = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", self.name).lower()
        # The SDKs break the abbreviations of a few names otherwise.
        found = {each.replace("_", ""): each for each in dir(client)}[method.replace("_", "")]
        built = getattr(self.module("models"), f"{self.name}Request")().from_map(dict(request))
        body: Mapping[str, Any] = getattr(client, found)(built).body.to_map()
        return body


def modelled() -> Iterator[Modelled]:
    """Yield every action of the models that are data, except those that current SDKs no longer have."""
    for path in sorted(DATA.glob("*.json")):
        service = json.loads(path.read_text())
        for name, model in service["actions"].items():
            if "no longer in SDK" not in model.get("retired", ""):
                yield Modelled(service, name)


def sample(model: Any, name: str, address: str) -> Any:
    """Return an allowed value of a parameter.

    :param address: of every file
    """
    full = {"type": model.rstrip("!")} if isinstance(model, str) else model
    if full["type"] == "file":
        return address
    if full["type"] == "choice":
        return full["choices"][0]
    if full["type"] == "integer":
        return int(full.get("minimum", 2))
    if full["type"] == "number":
        return 0.5
    if full["type"] == "boolean":
        return True
    if full["type"] == "string":
        return {"OutputFormat": "png"}.get(name, "text")
    if "fields" not in full:
        return [sample(full["items"], name, address)] * 2
    structure = {key: sample(each, key, address) for key, each in full["fields"].items()}
    return structure if full["type"] == "object" else [structure, structure]


def request_of(action: Modelled, address: str) -> dict[str, Any]:
    """Return a request with all parameters of an action."""
    return {name: sample(each, name, address) for name, each in action.model.get("parameters", {}).items()}


def flat(action: Modelled, request: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters that a request should be sent as."""
    parameters = action.model.get("parameters", {})
    sent: dict[str, str] = {}
    for name, value in request.items():
        if isinstance(parameters[name], dict) and parameters[name].get("json"):
            sent[name] = json.dumps(value)
        else:
            _flatten(sent, name, value)
    return sent


def _flatten(sent: dict[str, str], name: str, value: Any) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _flatten(sent, f"{name}.{key}", inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            _flatten(sent, f"{name}.{number}", inner)
    else:
        sent[name] = str(value)
