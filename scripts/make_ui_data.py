"""Write what the tab in Airflow's UI knows of the package: names of operators, meanings of error codes and classes.

With ``--check``, write nothing and exit with 1 if a file is out of date. With ``--built``, also record the digest of
the sources in ``ui/``, from which a test sees that the built files are of these sources. ``make ui`` writes all.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_viapi.get_provider_info import get_provider_info

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "airflow_provider_viapi" / "plugins" / "static"
NAME = re.compile(r"`([A-Za-z0-9_.]+)`")


def operator_names() -> list[str]:
    """Return the names of all operators and sensors of the package."""
    info = get_provider_info()
    modules = [
        *(
            module
            for kind in ("operators", "sensors")
            for entry in info[kind]
            for module in entry["python-modules"]
        ),
        *(entry["python-module"] for entry in info["transfers"]),
    ]
    imported = [importlib.import_module(module) for module in modules]
    classes = [
        getattr(module, name) for module in imported for name in getattr(module, "__all__", dir(module))
    ]
    names = {
        each.__name__
        for each in classes
        if inspect.isclass(each)
        and issubclass(each, BaseOperator)
        and each.__module__.startswith("airflow_provider_viapi.")
    }
    return sorted(names)


def meanings() -> dict[str, dict[str, str]]:
    """Return what an error code or class means and what to do, from the tables in the documentation."""
    found: dict[str, dict[str, str]] = {}
    for page in ("error-codes.md", "errors.md"):
        for row in _rows(page):
            names = NAME.findall(row.get("code") or row.get("class", ""))
            means = row.get("meaning") or row.get("when", "")
            # The classes are above the codes of the same page, and their advice is what an empty cell refers to.
            do = _plain(row["what to do"], page) or found[NAME.findall(row["class"])[0]]["do"]
            for name in names:
                found.setdefault(name, {"means": _plain(means, page), "do": do})
    return found


def _rows(page: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a page's tables of codes and classes, by the heads of their columns."""
    heads: list[str] = []
    for line in (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells or not heads:
            heads = cells
        elif heads[0] in ("code", "class") and not set(cells[0]) <= {"-"}:
            yield dict(zip(heads, cells, strict=True))


def _plain(cell: str, page: str) -> str:
    """Return a cell as text; a link is followed by the name of its page."""

    def named(link: re.Match[str]) -> str:
        target = link[2].partition("#")[0] or page
        return f"docs/{target}" if link[1] == target else f"{link[1]} (docs/{target})"

    return re.sub(r" \[\d\]|[`*]", "", re.sub(r"\[([^\]]+)\]\(([^)]+)\)", named, cell)).strip()


def source_digest() -> str:
    """Return a fingerprint of the sources that the built files depend on."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "ui").rglob("*")):
        name = path.relative_to(ROOT).as_posix()
        if path.is_file() and "node_modules" not in path.parts and ".test." not in path.name:
            digest.update(f"{name}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def files() -> dict[Path, str]:
    """Return the content of the files by their paths."""
    return {
        STATIC / "operators.json": json.dumps(operator_names(), indent=0) + "\n",
        STATIC / "errors.json": json.dumps(meanings(), indent=0, ensure_ascii=False) + "\n",
    }


if __name__ == "__main__":
    if "--check" in sys.argv:
        stale = [path.name for path, text in files().items() if path.read_text(encoding="utf-8") != text]
        sys.exit(f"out of date, run make reference: {', '.join(stale)}" if stale else 0)
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
    if "--built" in sys.argv:
        (STATIC / "build.json").write_text(json.dumps({"sources": source_digest()}) + "\n")
