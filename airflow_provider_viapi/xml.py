"""XML responses, parsed into the nested dictionary that their JSON form would be."""

from __future__ import annotations

from typing import Any
from xml.parsers import expat


class NotPlainXml(ValueError):
    """The text is not well-formed, or holds a document type, which may define entities of unlimited size."""


def parse(document: bytes) -> tuple[str, Any]:
    """Return the root's name and content: text, or a dictionary in which repeated elements are lists.

    :raises NotPlainXml: the document is not well-formed, has a document type, or is nested too deeply
    """
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = builder.refuse
    parser.StartElementHandler = builder.start
    parser.CharacterDataHandler = builder.text
    parser.EndElementHandler = builder.end
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise NotPlainXml(str(error)) from None
    ((name, content),) = builder.root.items()
    return name, content


class _Builder:
    max_depth = 64

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self._open: list[tuple[dict[str, Any], list[str]]] = [(self.root, [])]

    def refuse(self, *_: Any) -> None:
        raise NotPlainXml("a document type is not accepted")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > self.max_depth:
            raise NotPlainXml(f"nested deeper than {self.max_depth}")
        self._open.append(({}, []))

    def text(self, text: str) -> None:
        self._open[-1][1].append(text)

    def end(self, name: str) -> None:
        children, text = self._open.pop()
        content: Any = children or "".join(text)
        parent = self._open[-1][0]
        if name not in parent:
            parent[name] = content
        elif isinstance(parent[name], list):
            parent[name].append(content)
        else:
            parent[name] = [parent[name], content]
