"""Run the benchmarks and insert their reports into ``docs/performance.md``; exit with 0 if all goals are reached.

``make bench`` runs all. Names as arguments select some. ``--assemble`` runs none and inserts the existing reports.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys

from report import RESULTS, ROOT

BENCHMARKS = {
    "signatures": (".venv-bench",),
    "imports": (".venv-bench",),
    "waiting": (".venv", "--full"),
    "job_messages": (".venv",),
    "http_clients": (".venv-bench",),
    "mapped_jobs": (".venv",),
    "batch": (".venv",),
    "landing": (".venv",),
    "staging": (".venv",),
    "indexing": (".venv",),
    "emulator_polls": (".venv",),
}
"""The benchmarks, in the order of the document, with the environment and options of each."""

DOCUMENT = ROOT / "docs" / "performance.md"


def main() -> int:
    """Run the selected benchmarks and assemble the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"benchmarks to run instead of all: {', '.join(BENCHMARKS)}")
    parser.add_argument("--assemble", action="store_true", help="run none")
    options = parser.parse_args()
    if unknown := set(options.names) - BENCHMARKS.keys():
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    names = [] if options.assemble else options.names or list(BENCHMARKS)
    failed = [name for name in names if run(name)]
    text = DOCUMENT.read_text()
    for name in BENCHMARKS:
        if (result := RESULTS / f"{name}.md").exists():
            text = put(text, name, result.read_text())
    DOCUMENT.write_text(text)
    if failed:
        print(f"Not all goals are reached: {', '.join(failed)}")
    return 1 if failed else 0


def run(name: str) -> int:
    """Run one benchmark in its environment, and return its exit status."""
    print(f"\n## {name}\n", flush=True)
    environment, *options = BENCHMARKS[name]
    python = ROOT / environment / "bin" / "python"
    command = [str(python), str(ROOT / "benchmarks" / f"{name}.py"), *options]
    # The environment with the other providers contains this one only through the path.
    return subprocess.run(command, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}).returncode


def put(text: str, name: str, result: str) -> str:
    """Return the document with a report between its markers; appended with markers if there are none yet."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    if begin not in text:
        text = f"{text.rstrip()}\n\n## {name.replace('_', ' ').capitalize()}\n\n{begin}\n{end}\n"
    content = re.sub(r"\A# .*\n", "", result).strip()
    between = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    return between.sub(lambda _: f"{begin}\n\n{content}\n\n{end}", text, count=1)


if __name__ == "__main__":
    sys.exit(main())
