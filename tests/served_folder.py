"""A folder of media served over HTTP, as a team's bucket would."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

from scripted_server import serving


@dataclass(frozen=True)
class ServedFolder:
    """A folder whose files can be read over HTTP."""

    path: Path
    url: str

    def address(self, name: str) -> str:
        """URL of the file of that name."""
        return f"{self.url}/{name}"


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve(path: Path) -> Iterator[ServedFolder]:
    """Serve a folder on loopback for as long as the context lasts."""
    handler = functools.partial(_QuietHandler, directory=str(path))
    with serving(handler) as url:
        yield ServedFolder(path, url)
