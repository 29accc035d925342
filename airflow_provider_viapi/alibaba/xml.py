"""An XML answer as the nested dictionary that its JSON form would be."""

from __future__ import annotations

from typing import Any
from xml.parsers import expat


class NotPlainXml(ValueError):
    """The text is not well-formed, or holds a document type (and with it, perhaps, entities that explode)."""


def parse(document: bytes) -> tuple[str, Any]:
    """The root's name and its content: text, or a dictionary whose repeated keys became lists.

    :raises NotPlainXml: the document cannot be read, or should not be
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
    deepest = 64

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self._open: list[tuple[dict[str, Any], list[str]]] = [(self.root, [])]

    def refuse(self, *_: Any) -> None:
        raise NotPlainXml("a document type is not accepted")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > self.deepest:
            raise NotPlainXml(f"nested deeper than {self.deepest}")
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
