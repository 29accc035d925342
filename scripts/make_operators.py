"""Write the typed operators of services whose models are data, from the models.

    make operators

A module's operators, their order and the few arguments with another name than their parameter are in ``MODULES`` and
``RENAMED``; everything else (types, defaults, docstrings) is in the service model.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from airflow_provider_viapi.alibaba.model import Action, ResultField
from airflow_provider_viapi.alibaba.parameters import (
    Boolean,
    Choice,
    Integer,
    ListOf,
    Media,
    Number,
    Parameter,
    Structure,
    Structured,
    ValueList,
)
from airflow_provider_viapi.alibaba.services import find
from airflow_provider_viapi.result_fields import has_files
from airflow_provider_viapi.schema import snake_case

OPERATORS = Path(__file__).parents[1] / "airflow_provider_viapi" / "operators"
WIDTH = 112

MODULES: dict[str, tuple[str, tuple[str, ...]]] = {
    "videorecog.py": (
        "Video understanding (service videorecog)",
        (
            "videorecog.DetectVideoShot",
            "videorecog.GenerateVideoCover",
            "videorecog.SplitVideoParts",
            "videorecog.UnderstandVideoContent",
            "videorecog.EvaluateVideoQuality",
            "videorecog.RecognizeVideoCastCrewList",
        ),
    ),
    "videoseg.py": ("Video segmentation (service videoseg)", ("videoseg.SegmentVideoBody",)),
    "ocr.py": (
        "Text recognition (service ocr)",
        ("ocr.RecognizeVideoCharacter", "ocr.RecognizeCharacter"),
    ),
    "objectdet.py": (
        "Object detection (service objectdet)",
        ("objectdet.DetectVideoIPCObject", "objectdet.DetectMainBody", "objectdet.DetectObject"),
    ),
    "imageenhan/erasing.py": (
        "Operators that erase parts of a picture",
        (
            "imageenhan.RemoveImageSubtitles",
            "imageenhan.RemoveImageWatermark",
            "imageenhan.ErasePerson",
        ),
    ),
    "imageenhan/sizes.py": (
        "Operators that enlarge and reframe pictures",
        (
            "imageenhan.MakeSuperResolutionImage",
            "imageenhan.GenerateSuperResolutionImage",
            "imageenhan.ChangeImageSize",
            "imageenhan.IntelligentComposition",
        ),
    ),
    "imageenhan/colors.py": (
        "Operators that change colors and style of pictures",
        (
            "imageenhan.EnhanceImageColor",
            "imageenhan.ColorizeImage",
            "imageenhan.RecolorHDImage",
            "imageenhan.ImitatePhotoStyle",
            "imageenhan.ExtendImageStyle",
            "imageenhan.GenerateCartoonizedImage",
        ),
    ),
    "imageenhan/scores.py": (
        "Operators that score pictures",
        ("imageenhan.AssessSharpness", "imageenhan.AssessExposure", "imageenhan.AssessComposition"),
    ),
    "imageseg.py": (
        "Segmentation of pictures (service imageseg)",
        (
            "imageseg.SegmentCommonImage",
            "imageseg.SegmentHDCommonImage",
            "imageseg.SegmentBody",
            "imageseg.SegmentHDBody",
            "imageseg.SegmentHead",
            "imageseg.SegmentCommodity",
            "imageseg.SegmentSky",
            "imageseg.ChangeSky",
            "imageseg.RefineMask",
        ),
    ),
    "imagerecog.py": (
        "Recognition of pictures (service imagerecog)",
        (
            "imagerecog.TaggingImage",
            "imagerecog.RecognizeScene",
            "imagerecog.RecognizeImageColor",
            "imagerecog.RecognizeImageStyle",
            "imagerecog.DetectImageElements",
        ),
    ),
    "facebody.py": ("Faces in pictures (service facebody)", ("facebody.BlurFace", "facebody.EnhanceFace")),
    "imagesearch/images.py": (
        "Operators that change the images of an instance of ImageSearch",
        (
            "imagesearch.AddImage",
            "imagesearch.UpdateImage",
            "imagesearch.DeleteImage",
            "imagesearch.CheckImageExists",
        ),
    ),
    "imagesearch/searching.py": (
        "Operators that search in an instance of ImageSearch",
        (
            "imagesearch.SearchImageByPic",
            "imagesearch.SearchImageByName",
            "imagesearch.SearchImageByText",
            "imagesearch.SearchImageByFilter",
            "imagesearch.CompareSimilarByImage",
        ),
    ),
    "imagesearch/tasks.py": (
        "Operators of the bulk tasks of ImageSearch, and its Detail",
        (
            "imagesearch.IncreaseInstance",
            "imagesearch.IncreaseList",
            "imagesearch.DumpMeta",
            "imagesearch.DumpMetaList",
            "imagesearch.Detail",
        ),
    ),
    "imageaudit.py": (
        "Moderation of pictures and texts (service imageaudit)",
        ("imageaudit.ScanImage", "imageaudit.ScanText"),
    ),
}
"""Module below ``operators/``: subject and actions."""

RENAMED = {("videorecog.RecognizeVideoCastCrewList", "Params"): "text_kinds"}
"""Arguments whose parameter's own name is an argument of every Airflow operator."""

HEAD = '''\
"""{subject}, one operator per action.

Generated by ``make operators`` from the service model; change ``scripts/sdk_facts`` or the models instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING{literal}

from airflow_provider_viapi.alibaba.services import find
from airflow_provider_viapi.operators.viapi import {bases}

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from airflow_provider_viapi.operators.options import {options}
'''

PACKAGES = {
    "imageenhan": "Image production (service imageenhan)",
    "imagesearch": "Image search in instances (service imagesearch), for new accounts",
}
"""Folder below ``operators/``: subject."""

PACKAGE = '''\
"""{subject}, one operator per action.

Generated by ``make operators`` from the service model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_viapi.lazy_exports import lazy_exports

if TYPE_CHECKING:
{imports}

__all__, __getattr__ = lazy_exports(__name__, {names!r})
'''


@cache
def generated() -> dict[Path, str]:
    """Return the text of every generated file."""
    files = {OPERATORS / name: _module(subject, actions) for name, (subject, actions) in MODULES.items()}
    files |= {OPERATORS / folder / "__init__.py": _package(folder) for folder in PACKAGES}
    return {path: _formatted(path, text) for path, text in files.items()}


def _module(subject: str, names: Iterable[str]) -> str:
    actions = [find(name) for name in names]
    classes = "\n\n".join(_operator(action) for action in actions)
    types = {_type(each).split("[")[0] for action in actions for each in action.parameters} - {"Literal"}
    options = {_options(action) for action in actions}
    head = HEAD.format(
        subject=subject,
        literal=", Literal" if "Literal[" in classes else "",
        bases=", ".join(sorted({_base(action) for action in actions})),
        options=", ".join(sorted(types | options)),
    )
    return f"{head}\n\n{classes}"


def _package(folder: str) -> str:
    modules = {
        Path(module).stem: tuple(f"{name.partition('.')[2]}Operator" for name in sorted(actions))
        for module, (_, actions) in sorted(MODULES.items())
        if module.startswith(f"{folder}/")
    }
    package = f"airflow_provider_viapi.operators.{folder}"
    imports = "\n".join(f"    from {package}.{stem} import *  # noqa: F403" for stem in modules)
    return PACKAGE.format(subject=PACKAGES[folder], imports=imports, names=modules)


def _operator(action: Action) -> str:
    parameters = action.parameters
    arguments = {
        each.name: RENAMED.get((action.full_name, each.name), snake_case(each.name)) for each in parameters
    }
    signature = [
        f"{arguments[each.name]}: {_type(each)}" + ("" if each.required else " | None = None")
        for each in parameters
    ]
    request = ", ".join(f'"{wire}": {name}' for wire, name in arguments.items())
    doc = "\n\n".join(filter(None, _docstring(action, {arguments[each.name]: each for each in parameters})))
    return f'''\
class {action.name}Operator({_base(action)}):
    """{doc}
    """

    action = find("{action.full_name}")

    def __init__(self, *, {", ".join(signature)}, **kwargs: Unpack[{_options(action)}]) -> None:
        request = {{{request}}}
        super().__init__(request=request, **kwargs)
'''


def _docstring(action: Action, arguments: dict[str, Parameter]) -> Iterator[str]:
    yield action.summary
    for text in (f"**Retired:** {action.retired}." if action.retired else "", action.note):
        yield _wrapped(text, "    ")
    if action.result:
        fields = [_field(each) for each in action.result]
        if len(fields) == 1:
            yield _wrapped(f"Returns {fields[0]}.", "    ")
        else:
            yield "\n".join(
                ["    The result has", "", *(_wrapped(f"* {each}", "    ", "      ") for each in fields)]
            )
    described = [
        _wrapped(f":param {name}: {_description(each)}", "    ", "        ")
        for name, each in arguments.items()
    ]
    yield "\n".join(described)


def _field(field: ResultField) -> str:
    text = _inside(field.doc)
    if field.kind in ("file", "files"):
        address = "a URL that expires" if field.kind == "file" else "URLs that expire"
        text = f"{text}, {address}" if text else address
    return f"``{field.name}``{': ' if text else ''}{text}"


def _description(parameter: Parameter) -> str:
    text = _inside(parameter.doc) or f"the parameter {parameter.name}"
    if isinstance(parameter, Media):
        limits = parameter.limits[0].description if parameter.limits else ""
        text = text.replace("; formats and limits are not documented", "")
        readable = "a URL that the service can read" if not parameter.uploaded else "a URL"
        text += f": {readable} or an address in object storage (``s3://…``)"
        text += ", which is uploaded, and resized if that is needed" if parameter.uploaded else ""
        text += f"; {limits}" if limits else ""
    elif isinstance(parameter, Integer | Number | Choice):
        bounded = isinstance(parameter, Choice) or abs(parameter.minimum) < 1e18
        text += f"; {_allowed(parameter)}" if bounded else ""
    elif isinstance(parameter, Structured):
        inside = ", ".join(f"``{each.name}``" for each in parameter.fields)
        text += f"; {'each with' if isinstance(parameter, ListOf) else 'with'} {inside}"
    return text + (f"; default: {_default(parameter.default)}" if parameter.default is not None else "")


def _inside(sentence: str) -> str:
    """Return a sentence as a part of another one."""
    text = sentence.rstrip(".")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _allowed(parameter: Parameter) -> str:
    if isinstance(parameter, Choice):
        return "one of " + ", ".join(f"``{each}``" for each in parameter.choices)
    return parameter.allowed


def _default(value: bool | float | str) -> str:
    return f"``{value}``" if isinstance(value, str) else f"{value}".lower()


def _type(parameter: Parameter) -> str:
    match parameter:
        case Media():
            return "Address"
        case Choice():
            return f"Literal[{', '.join(repr(each) for each in parameter.choices)}]"
        case Integer():
            return "Integer"
        case Number():
            return "Number"
        case Boolean():
            return "Flag"
        case ListOf():
            return "ObjectList"
        case Structure():
            return "Object"
        case ValueList():
            return "TextList"
    return "Text"


def _base(action: Action) -> str:
    return "ViapiJobOperator" if action.is_job else "ViapiOperator"


def _options(action: Action) -> str:
    if action.is_job:
        return "ViapiJobOptions"
    return "ViapiFileOptions" if has_files(action.result) else "ViapiOptions"


def _wrapped(text: str, first: str, rest: str | None = None) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_on_hyphens=False,
    )


def _formatted(path: Path, text: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--quiet", "--stdin-filename", str(path), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def main() -> None:
    """Write the files."""
    for path, text in generated().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
