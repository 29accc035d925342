"""Build, check and tag a release: ``make release VERSION=1.2.0``. Nothing is uploaded.

Sets the version, collects the changelog fragments, builds the wheel and the source distribution twice and compares
them, checks their metadata, writes a bill of materials of the wheel and its required packages, commits and tags.
The result is in ``dist/``.
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
from pathlib import Path

from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
VERSION_FILE = ROOT / "airflow_provider_viapi" / "__init__.py"


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

    source = VERSION_FILE.read_text()
    VERSION_FILE.write_text(re.sub(r'__version__ = ".*"', f'__version__ = "{version}"', source))
    _run("towncrier", "build", "--yes", "--version", str(version))
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
