"""Build, check and tag a release: ``make release VERSION=1.2.0``. Nothing is uploaded.

Sets the version, dates the changelog's unreleased section or collects its fragments, builds the wheel and the
source distribution twice and compares them, checks their metadata, writes a bill of materials of the wheel and its
required packages, commits and tags. The result is in ``dist/``.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
VERSION_FILE = ROOT / "airflow_provider_viapi" / "__init__.py"
CHANGELOG = ROOT / "CHANGELOG.md"
FRAGMENTS = ROOT / "changes"


class NotReleased(Exception):
    """The release cannot be made; nothing was tagged."""


def main() -> None:
    """Make the release, or exit with the reason why not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", help="such as 1.2.0 or 1.2.0rc1")
    try:
        release(parser.parse_args().version)
    except NotReleased as error:
        sys.exit(f"release: {error}")


def release(text: str) -> None:
    """Make the release of a version.

    :raises NotReleased: the version is not newer, the work tree has changes, or a check fails
    """
    version = next_version(text, VERSION_FILE.read_text(), _git("tag", "--list").split())
    if _git("status", "--porcelain"):
        raise NotReleased("the work tree has changes; commit or remove them first")

    changelog = dated(CHANGELOG.read_text(), version, date.today(), fragments(FRAGMENTS))
    source = VERSION_FILE.read_text()
    VERSION_FILE.write_text(re.sub(r'__version__ = ".*"', f'__version__ = "{version}"', source))
    if changelog is None:
        _run("towncrier", "build", "--yes", "--version", str(version))
    else:
        CHANGELOG.write_text(changelog)
    _build_twice()
    _run("twine", "check", "--strict", *map(str, artifacts(DIST)))
    _write_bill_of_materials()

    _git("add", "--all")
    _git("commit", "--message", f"Release {version}")
    _git("tag", "--annotate", f"v{version}", "--message", f"Release {version}")
    print(f"Tagged v{version}. In {DIST.name}/:")
    for path in sorted(DIST.iterdir()):
        print(f"  {hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}")
    print(
        f"To publish: git push origin main v{version}, then twine upload {DIST.name}/*.whl {DIST.name}/*.tar.gz"
    )


def next_version(text: str, source: str, tags: list[str]) -> Version:
    """Return the version to release.

    :param source: content of the file with ``__version__``
    :param tags: tags of the repository
    :raises NotReleased: it is no version, is older than the current one, or is already tagged
    """
    try:
        version = Version(text)
    except InvalidVersion:
        raise NotReleased(f"{text!r} is not a version; write one such as 1.2.0 or 1.2.0rc1") from None
    found = re.search(r'__version__ = "(.*)"', source)
    if found and version < Version(found[1]):
        raise NotReleased(f"{version} is older than the current version {found[1]}")
    if f"v{version}" in tags:
        raise NotReleased(f"the tag v{version} exists already")
    return version


def fragments(folder: Path) -> list[str]:
    """Return the names of the changelog fragments in a folder."""
    return sorted(path.name for path in folder.glob("*.md") if path.name != "README.md")


def dated(changelog: str, version: Version, day: date, found: list[str]) -> str | None:
    """Return the changelog with the date in its unreleased section; ``None`` if it has no such section.

    :param found: names of the fragments; towncrier would write a second section of the version from them
    :raises NotReleased: there are fragments beside the section, or it is of another version
    """
    section = re.search(r"^## (\S+) \(unreleased\)$", changelog, re.MULTILINE)
    if section is None:
        return None
    if Version(section[1]) != Version(version.base_version):
        raise NotReleased(f"CHANGELOG.md has an unreleased section of {section[1]}, not of {version}")
    if found:
        raise NotReleased(
            f"CHANGELOG.md has an unreleased section, and changes/ has fragments: move {', '.join(found)} into it"
        )
    return f"{changelog[: section.start()]}## {version} ({day.isoformat()}){changelog[section.end() :]}"


def artifacts(folder: Path) -> list[Path]:
    """Return the wheel and the source distribution in a folder."""
    return sorted([*folder.glob("*.whl"), *folder.glob("*.tar.gz")])


def _build_twice() -> None:
    """Build into ``dist/``, and fail if a second build differs by a byte."""
    shutil.rmtree(DIST, ignore_errors=True)
    epoch = {"SOURCE_DATE_EPOCH": _git("log", "-1", "--format=%ct").strip()}
    with tempfile.TemporaryDirectory() as second:
        for folder in (DIST, Path(second)):
            _run(sys.executable, "-m", "build", "--outdir", str(folder), environment=epoch)
        differing = [
            path.name
            for path in artifacts(DIST)
            if path.read_bytes() != (Path(second) / path.name).read_bytes()
        ]
    if differing:
        raise NotReleased(f"two builds of {', '.join(differing)} differ; the build is not reproducible")


def _write_bill_of_materials() -> None:
    """Install the wheel into an environment of its own, and write what that contains (CycloneDX, JSON)."""
    [wheel] = DIST.glob("*.whl")
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel))
        target = DIST / f"{wheel.stem}.cdx.json"
        _run("cyclonedx-py", "environment", "--output-reproducible", "--output-file", str(target), python)


def _run(*command: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a command of this environment and return its output.

    :raises NotReleased: it failed; the error contains the end of its output
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PATH": path, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise NotReleased(f"{' '.join(command[:3])} failed: {done.stdout[-2000:]}")
    return done.stdout


def _git(*arguments: str) -> str:
    return _run("git", *arguments)


if __name__ == "__main__":
    main()
