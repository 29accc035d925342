"""Measure the cost of importing a provider's modules beyond ``airflow.sdk``: CPU time and number of modules.

Each import happens in a process of its own, forked from one that has imported what a DAG file with
only ``airflow.sdk`` imports. The modules of all providers alternate, and the report uses the medians.
"""

from __future__ import annotations

import gc
import importlib
import os
import pickle
import pkgutil
import statistics
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from report import ROOT, Goal, report, table

ROUNDS = 7
MOST_MILLISECONDS = 15.0
OURS = "airflow_provider_viapi"
OTHERS = {
    "alibaba": "airflow.providers.alibaba.cloud",
    "dbt-cloud": "airflow.providers.dbt.cloud",
    "databricks": "airflow.providers.databricks",
    "airbyte": "airflow.providers.airbyte",
}
KINDS = ("operators", "triggers", "sensors", "hooks", "transfers")


@dataclass
class Module:
    """One module and the measurements of its import."""

    provider: str
    kind: str
    name: str
    milliseconds: list[float] = field(default_factory=list)
    new_modules: int = 0

    @property
    def median(self) -> float:
        """Milliseconds of CPU time."""
        return statistics.median(self.milliseconds)


def main() -> int:
    """Import every module of every provider alternately, and report."""
    sys.path.insert(0, str(ROOT))
    sys.dont_write_bytecode = False
    preload_airflow()
    modules = [*own_modules()]
    for provider, package in OTHERS.items():
        modules += other_modules(provider, package)
    for module in modules:
        measure(module)  # compiles what was never imported, and warms the disk cache
        module.milliseconds.clear()
    for _ in range(ROUNDS):
        for module in modules:
            measure(module)
    ours = [module for module in modules if module.provider == "this provider"]
    others = [module for module in modules if module.provider != "this provider"]
    heading = ("provider, kind", "modules", "ms, min", "ms, max", "new modules, min", "max")
    tables = table(heading, summary(modules)), table(("module", "ms", "new modules"), map(row, ours))
    packages = [f"apache-airflow-providers-{name}" for name in OTHERS]
    return report("imports", "\n\n".join(tables), [*goals(ours, others)], ["apache-airflow", *packages])


def preload_airflow() -> None:
    """Load ``airflow.sdk``, and what the triggerer has loaded before any provider's trigger."""
    import airflow.sdk
    import airflow.triggers.base

    for name in ("DAG", "BaseOperator", "BaseHook", "BaseSensorOperator", "Connection", "task"):
        getattr(airflow.sdk, name)
    assert airflow.triggers.base


def own_modules() -> Iterator[Module]:
    """Yield the modules that DAG files and the triggerer import: those in the provider's metadata."""
    info = in_a_fork(lambda: importlib.import_module(f"{OURS}.get_provider_info").get_provider_info())
    for kind in KINDS:
        named = [entry.get("python-modules") or [entry["python-module"]] for entry in info[kind]]
        # Both clouds name the modules that they share.
        for name in dict.fromkeys(name for names in named for name in names):
            yield Module("this provider", kind, name)


def other_modules(provider: str, package: str) -> Iterator[Module]:
    """Yield every module of a provider, of the measured kinds."""
    for kind in KINDS:
        # Finding modules imports packages; they must not be loaded yet when they are measured.
        for name in in_a_fork(lambda kind=kind: modules_below(f"{package}.{kind}")):
            yield Module(provider, kind, name)


def modules_below(package: str) -> list[str]:
    """Return the names of a package's modules, except modules that only hold a base class."""
    spec = find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        return []
    found = pkgutil.walk_packages(spec.submodule_search_locations, f"{package}.", onerror=lambda name: None)
    return [info.name for info in found if not info.name.rpartition(".")[2].startswith("base")]


def measure(module: Module) -> None:
    """Import a module in a process of its own."""
    milliseconds, module.new_modules = in_a_fork(lambda: imported(module.name))
    module.milliseconds.append(milliseconds)


def in_a_fork(work: Callable[[], Any]) -> Any:
    """Call a function in a forked process and return its result."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as result:
                pickle.dump(work(), result)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as result:
        pickled = result.read()
    if os.waitpid(child, 0)[1]:
        raise RuntimeError("a forked process failed; its traceback is above")
    return pickle.loads(pickled)


def imported(name: str) -> tuple[float, int]:
    """Return the milliseconds of CPU time of an import, and the number of new modules.

    A package that loads a class only when it is used counts with the first of its classes, as in a DAG file.
    """
    gc.collect()
    gc.freeze()
    before, began = len(sys.modules), time.process_time()
    module = importlib.import_module(name)
    if hasattr(module, "__getattr__") and name.startswith(OURS):
        getattr(module, module.__all__[0])
    return (time.process_time() - began) * 1000, len(sys.modules) - before


def summary(modules: list[Module]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each kind of each provider."""
    for kind in KINDS:
        for provider in dict.fromkeys(module.provider for module in modules):
            those = [each for each in modules if (each.provider, each.kind) == (provider, kind)]
            if those:
                times, new = [each.median for each in those], [each.new_modules for each in those]
                figures = f"{min(times):.1f}", f"{max(times):.1f}", str(min(new)), str(max(new))
                yield f"{provider}, {kind}", str(len(those)), *figures


def row(module: Module) -> tuple[str, str, str]:
    """Return the row of one of this provider's modules."""
    return f"`{module.name.removeprefix(f'{OURS}.')}`", f"{module.median:.1f}", str(module.new_modules)


def goals(ours: list[Module], others: list[Module]) -> Iterator[Goal]:
    """Yield the goals: below 15 ms each, and fewer new modules than any other provider's module of the kind."""
    slowest = max(ours, key=lambda module: module.median)
    yield Goal(
        f"every module of this provider below {MOST_MILLISECONDS:.0f} ms",
        f"{slowest.median:.1f} ms at most ({slowest.name})",
        slowest.median < MOST_MILLISECONDS,
    )
    for kind in KINDS:
        most = max(
            (each for each in ours if each.kind == kind), key=lambda each: each.new_modules, default=None
        )
        least = min(
            (each for each in others if each.kind == kind), key=lambda each: each.new_modules, default=None
        )
        if most and least:
            yield Goal(
                f"{kind}: fewer new modules than any module of the other providers",
                f"this provider: at most {most.new_modules}; others: at least {least.new_modules} ({least.provider})",
                most.new_modules < least.new_modules,
            )


if __name__ == "__main__":
    sys.exit(main())
