"""Write reference pages from the service model, the operators and the error table, and tables in other pages.

``.astro-registry.yaml`` names the classes for Astronomer's registry.

``docs/actions.md`` has what all actions share and the table, ``docs/actions/<service>.md`` the actions of a service,
``docs/error-codes.md`` codes and job states. The README has a table of services, ``docs/configuration.md`` one of the
options in Airflow's configuration.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from airflow_provider_viapi.alibaba.errors import (
    GATEWAY_CODES,
    VIAPI_CODES,
    KnownCode,
    TransientError,
    classify,
)
from airflow_provider_viapi.alibaba.model import Action, ResultField
from airflow_provider_viapi.alibaba.parameters import ListOf, Media, Parameter, Structured, Url
from airflow_provider_viapi.alibaba.services import actions
from airflow_provider_viapi.emulator.engine import emulated_actions
from airflow_provider_viapi.get_provider_info import get_provider_info
from airflow_provider_viapi.operators.task.attempt import is_permanent
from airflow_provider_viapi.operators.viapi import ViapiJobOperator, ViapiOperator

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGE, CODES_PAGE, README = DOCS / "actions.md", DOCS / "error-codes.md", ROOT / "README.md"
CONFIGURATION_PAGE = DOCS / "configuration.md"
REGISTRY = ROOT / ".astro-registry.yaml"

SUBJECTS = {
    "videoenhan": "video production",
    "imagesearch": "image search in instances, for new accounts",
    "imgsearch": "image search in databases, for accounts from before 2023",
    "viapi": "jobs of all services",
    "openplatform": "temporary uploads",
    "videorecog": "video understanding",
    "videoseg": "video segmentation",
    "imageenhan": "image production",
    "imageseg": "image segmentation",
    "imagerecog": "image recognition",
    "objectdet": "object detection",
    "ocr": "text recognition",
    "facebody": "faces and bodies",
    "imageaudit": "moderation",
    "goodstech": "products",
    "threedvision": "depth and 3D",
    "imageprocess": "medical images",
}
"""Subject of each service, in the order of the table."""

COVERAGE = re.compile(r"(?<=<!-- coverage: make reference -->\n).*?(?=\n<!-- end of coverage -->)", re.S)
"""The table of services in the README."""

OPTIONS = re.compile(r"(?<=<!-- options: make reference -->\n).*?(?=<!-- end of options -->)", re.S)
"""The table of options on the page of the configuration."""

HEAD = """\
# Actions

Look up the parameters, the limits and the result of an action of VIAPI. Each service has a page:

{coverage}

To run an action, use the operator that the line under its heading names. If the action has no typed operator, call
it by its name. The same works for an action of [your own model](action-models.md):

```python
ViapiOperator(task_id="tags", action="imagerecog.TaggingImage", request={"ImageURL": "s3://media/cover.jpg"})
ViapiJobOperator(
    task_id="depth",
    action="threedvision.EstimateMonocularVideoDepth",
    request={"VideoURL": "s3://media/clip.mp4"},
)
```

## Structure of the pages

The line under the heading of an action states:

- *Job*: the action starts a job, and its operator waits for the result. *Synchronous*: the response is the result.
- The operator. *Called by the provider* means that you need not call the action.
- *in the emulator*: the [emulator](emulator.md) can run the action. For the others,
  [set a result](emulator.md#results).
- *source*: *documents of 2020* are the VIAPI documents of 2020 and 2021. *Metadata of 2025* are Alibaba's API
  metadata and SDKs of late 2025. If the line has no source, the page names the SDK from which the service was read.
  An SDK states names, types and which parameters are required, but no ranges. Therefore the provider does not check
  ranges of these services, except where the page names a source of the limits. For most actions without a typed
  operator, there are no descriptions either. The live service was not queried.

In the tables:

- An operator takes the parameters in snake case (`ImageURL`: `image_url`). Names inside lists are unchanged
  (`boxes=[{"X": 0.1, …}]`). The [exceptions](#exceptions) are below.
- Fields of lists are written `Boxes[].X`; on the wire their items are numbered from 1 (`Boxes.1.X`).
- A *URL* begins with http:// or https:// and has only ASCII characters and no spaces; percent-encode others.
  Operators also accept addresses in object storage (`s3://…`) with any characters, which are [staged](staging.md)
  first. The services recommend OSS in cn-shanghai.
- A *URL of a file* in a result is a link. It expires after 30 minutes, unless its description states another time.
  Set [`land_to`](landing.md) to store the file.

[Error codes and job states](error-codes.md) have their own page.

## Exceptions

- `CreateImageDbOperator` and `DeleteImageDbOperator` take `if_exists` and `if_missing` (`"skip"` or `"fail"`,
  default: `"skip"`), and return `Name`.
- `SearchImageOperator`: the default of `limit` is 10.
- `ListImagesOperator` reads all pages. It takes `page_size` (default: 50) instead of Token and Offset, and its
  `limit` is the maximum of all pages together.

`make reference` generates these pages from the service model in `airflow_provider_viapi/alibaba/services`.
Operators, hook and emulator check requests with the same model.
"""

CODES_HEAD = """\
# Error codes and job states of VIAPI

Search this page for the code in the task's log, such as `InvalidFile.Decode` in

```text
JobFailed: EraseVideoSubtitles: job 46ED9C9C-… ended as PROCESS_FAILED: … (code InvalidFile.Decode)
```

If a code is not listed, it is one of [this provider's](errors.md#codes), or one that the service does not document.
The first part of an undocumented code decides how it is treated: `InvalidFile.Xyz` is treated like the other
`InvalidFile` codes. For more, read the message and the [error class](errors.md#classes). For Huawei Cloud see
[MetaStudio and VIAS](huawei.md#errors).

`make reference` generates this page from `airflow_provider_viapi/alibaba/errors.py`.

The code decides, not the HTTP status: a code may also come with status 200, or as the error of a failed job. The
column *retry* states what happens next:

- *transient*: retried by the provider within the attempt ([how long](errors.md#classes)), after that by Airflow;
- *permanent*: the task fails without further retries;
- *Airflow*: retried as often as the task's `retries` says.

## Key, permission, quota

Codes of Alibaba Cloud's gateway and of ImageSearch; the documents of VIAPI do not list them.

| code | HTTP status | meaning | error class | retry | what to do |
|---|---|---|---|---|---|
"""

DOCUMENTED_HEAD = """
## Request, file, service

All codes in the error tables of the VIAPI documents (video production 2020-09-25, image search 2021-02-03).

| code | HTTP status | meaning | error class | retry | what to do |
|---|---|---|---|---|---|
"""

STATES = """
## Job states

| state | meaning | what the provider does |
|---|---|---|
| `QUEUING` | The job is queued. \
| waits; a timeout, or a user who marks the task failed or successful, cancels it |
| `PROCESSING` | The job is running. | waits; it cannot be cancelled and is billed |
| `PROCESS_SUCCESS` | The job has succeeded. | returns the result |
| `PROCESS_FAILED` | The job has failed. \
| raises `JobFailed`; a retry submits a new job unless the code is permanent |
| `TIMEOUT_FAILED` | The service did not finish the job in time. | raises `JobFailed`; a retry submits a new job |
| `LIMIT_RETRY_FAILED` | The service gave up after several attempts of its own. \
| raises `JobFailed`; a retry submits a new job |

A seventh state, `JOB_CANCELED`, is in Alibaba's API metadata of 2025: the provider raises `JobFailed`, and a retry
submits a new job. Any other state counts as running.
"""

Operator = TypeVar("Operator")

CALLED_BY_THE_PROVIDER = {
    "GetAsyncJobResult": "while it waits for a job",
    "QueryAsyncJobList": "to list jobs",
    "CancelWaitingAsyncJob": "to cancel a job",
    "AuthorizeFileUpload": "to stage files",
}
"""Actions without an operator, and when the provider calls them."""

KNOWN_TO = {
    ("2020", "2025"): "documents of 2020 and metadata of 2025",
    ("2020",): "documents of 2020 only",
    ("2025",): "metadata of 2025 only",
}


def error_codes() -> str:
    """Return the page of error codes and job states."""
    return (
        CODES_HEAD
        + "".join(map(_code_row, GATEWAY_CODES))
        + DOCUMENTED_HEAD
        + "".join(map(_code_row, VIAPI_CODES))
        + STATES
    )


def _code_row(row: KnownCode) -> str:
    kind = classify(row.code, row.status)
    if issubclass(kind, TransientError):
        retry = "transient"
    else:
        retry = "permanent" if is_permanent(kind(row.meaning)) else "Airflow"
    return f"| `{row.code}` | {row.status} | {row.meaning} | `{kind.__name__}` | {retry} | {row.advice} |\n"


def operators() -> list[type[ViapiOperator]]:
    """Return the operators of single actions of VIAPI."""
    return operators_in("Alibaba Cloud VIAPI", ViapiOperator)


@cache
def operators_in(integration: str, base: type[Operator]) -> list[type[Operator]]:
    """Return the operators of single actions, from the modules that the provider's metadata names."""
    modules = [
        importlib.import_module(name)
        for entry in get_provider_info()["operators"]
        if entry["integration-name"] == integration
        for name in entry["python-modules"]
    ]
    named = [getattr(module, name) for module in modules for name in getattr(module, "__all__", vars(module))]
    return [
        value
        for value in named
        if inspect.isclass(value) and issubclass(value, base) and hasattr(value, "action")
    ]


PUBLIC_SUFFIXES = {
    "hooks": "Hook",
    "operators": "Operator",
    "sensors": "Sensor",
    "transfers": "Operator",
    "triggers": "Trigger",
}


def public_classes(kind: str) -> list[type]:
    """Return the classes that DAG authors import, from the modules that the provider's metadata names.

    :param kind: hooks, operators, sensors, transfers or triggers
    """
    entries = get_provider_info()[kind]
    names = {
        name for each in entries for name in each.get("python-modules", [each.get("python-module")]) if name
    }
    found = set()
    for module in map(importlib.import_module, sorted(names)):
        for name in getattr(module, "__all__", [*vars(module)]):
            value = getattr(module, name)
            if name.endswith(PUBLIC_SUFFIXES[kind]) and f"{value.__module__}.".startswith(
                f"{module.__name__}."
            ):
                found.add((f"{module.__name__}.{name}", value))
    return [value for _, value in sorted(found, key=lambda each: each[0])]


def registry() -> str:
    """Return ``.astro-registry.yaml``."""
    info = get_provider_info()
    lines = [
        "# Modules for Astronomer's registry, written by make reference. OWNER: see pyproject.toml.",
        f"package-name: {info['package-name']}",
        "display-name: Alibaba Cloud VIAPI and Huawei Cloud",
        "docs-url: https://github.com/OWNER/airflow-provider-viapi/tree/main/docs",
    ]
    for section, kinds in {
        "hooks": ["hooks"],
        "operators": ["operators", "transfers"],
        "sensors": ["sensors"],
        "triggers": ["triggers"],
    }.items():
        paths = sorted(
            f"{each.__module__}.{each.__name__}" for kind in kinds for each in public_classes(kind)
        )
        lines += ["", f"{section}:", *(f"  - module: {path}" for path in paths)]
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """Return the pages of all actions."""
    by_service = {
        name: [*group] for name, group in groupby(actions().values(), lambda each: each.service.name)
    }
    of_services = {DOCS / "actions" / f"{name}.md": _page(by_service[name]) for name in SUBJECTS}
    return {PAGE: HEAD.replace("{coverage}", coverage("actions/")), **of_services}


def _page(of_service: list[Action]) -> str:
    service = of_service[0].service
    source = of_service[0].source
    head = [f"# {service.name}: {SUBJECTS[service.name]}", "", f"API version {service.version}."]
    head[-1] += f" From Alibaba's SDK {source}." if source else ""
    head += ["", "[How to read this page](../actions.md#structure-of-the-pages)", "", "## Actions", ""]
    return "\n".join([*head, *map(_section, of_service)])


def coverage(folder: str) -> str:
    """Return the table of services.

    :param folder: of the services' pages, relative to the page with the table
    """
    typed = {operator.action.full_name for operator in operators()}
    rows = ["| service | subject | actions | of these, jobs | typed operators | in the emulator |"]
    rows += ["|---|---|---|---|---|---|"]
    for name, subject in SUBJECTS.items():
        own = [action for action in actions().values() if action.service.name == name]
        numbers = (
            len(own),
            sum(action.is_job for action in own),
            sum(action.full_name in typed for action in own),
            sum(action.full_name in emulated_actions() for action in own),
        )
        cells = " | ".join(str(number or "–") for number in numbers)
        rows.append(f"| [{name}]({folder}{name}.md) | {subject} | {cells} |")
    return "\n".join(rows)


def readme() -> str:
    """Return the README with its table of services."""
    return COVERAGE.sub(lambda _: coverage("docs/actions/"), README.read_text())


def configuration() -> str:
    """Return the page of the configuration with its table of options."""
    rows = ["| option | type | default | example | meaning |", "|---|---|---|---|---|"]
    for name, option in get_provider_info()["config"]["viapi"]["options"].items():
        default, example = (f"`{value}`" if value else "" for value in (option["default"], option["example"]))
        meaning = re.sub(r"docs/([\w-]+\.md)", r"[\1](\1)", option["description"])
        rows.append(f"| `{name}` | {option['type']} | {default} | {example} | {meaning} |")
    return OPTIONS.sub(lambda _: "\n".join([*rows, ""]), CONFIGURATION_PAGE.read_text())


def how_to_call(action: Action) -> str:
    """Return how a DAG author calls an action."""
    own = [operator.__name__ for operator in operators() if operator.action is action]
    if own:
        return f"`{own[0]}`"
    if action.name in CALLED_BY_THE_PROVIDER:
        return "called by the provider"
    base = ViapiJobOperator if action.is_job else ViapiOperator
    return f'`{base.__name__}(action="{action.full_name}", …)`'


def _section(action: Action) -> str:
    facts = [
        "Job" if action.is_job else "Synchronous",
        how_to_call(action),
        *(["in the emulator"] if action.full_name in emulated_actions() else []),
        *([f"source: {KNOWN_TO[action.generations]}"] if action.generations else []),
    ]
    lines = [f"### {action.name}", "", action.summary, "", " · ".join(facts), ""]
    if action.retired:
        lines += [f"**Retired:** {action.retired}.", ""]
    if action.note:
        lines += [action.note, ""]
    if action.parameters:
        lines += ["| parameter | required | allowed | default | description |", "|---|---|---|---|---|"]
        lines += [_row(name, each) for name, each in _flat(action.parameters)]
        lines += [""]
    for rule in action.needed:
        name, value = rule.when
        condition = f"without {name}" if value is None else f"with {name} `{_written(value)}`"
        lines += [f"Required {condition}: {', '.join(rule.names)}.", ""]
    if action.result:
        lines += ["| result | type | description |", "|---|---|---|"]
        lines += [f"| `{name}` | {_type(each)} | {each.doc} |" for name, each in _flat_result(action.result)]
        lines += [""]
    return "\n".join(lines)


def _flat(parameters: Iterable[Parameter], prefix: str = "") -> Iterator[tuple[str, Parameter]]:
    for parameter in parameters:
        yield prefix + parameter.name, parameter
        if isinstance(parameter, Structured):
            inside = f"{parameter.name}[]." if isinstance(parameter, ListOf) else f"{parameter.name}."
            yield from _flat(parameter.fields, f"{prefix}{inside}")


def _flat_result(fields: Iterable[ResultField], prefix: str = "") -> Iterator[tuple[str, ResultField]]:
    for field in fields:
        yield prefix + field.name, field
        inside = f"{field.name}." if field.kind == "object" else f"{field.name}[]."
        yield from _flat_result(field.fields, f"{prefix}{inside}")


def _row(name: str, parameter: Parameter) -> str:
    default = "" if parameter.default is None else f"`{_written(parameter.default)}`"
    doc = f"{parameter.doc} *{parameter.note}*" if parameter.note else parameter.doc
    for limits in parameter.limits if isinstance(parameter, Media) else ():
        # Models that are written by hand have the limits in their descriptions.
        doc += "" if limits.description in doc or limits.when else f" {limits.description}."
    required = "yes" if parameter.required else ""
    allowed = "a URL" if isinstance(parameter, Url) else parameter.allowed
    if isinstance(parameter, Media) and parameter.uploaded:
        allowed = "a URL, which operators upload, or Base64"
    return f"| `{name}` | {required} | {allowed} | {default} | {doc} |"


def _written(value: bool | float | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _type(field: ResultField) -> str:
    words = {
        "file": "URL of a file",
        "files": "URLs of files",
        "integer": "whole number",
        "integers": "whole numbers",
        "any": "any",
    }
    return words.get(field.kind, field.kind)


if __name__ == "__main__":
    (DOCS / "actions").mkdir(exist_ok=True)
    for path, text in pages().items():
        path.write_text(text)
    README.write_text(readme())
    CODES_PAGE.write_text(error_codes())
    CONFIGURATION_PAGE.write_text(configuration())
    REGISTRY.write_text(registry())
