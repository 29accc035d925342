"""The files of the tab in Airflow's UI: up to date, small, and complete in themselves."""

from __future__ import annotations

import gzip
import json
import re
from importlib.metadata import entry_points, version

import pytest

from airflow_provider_viapi.plugins import STATIC, ViapiPlugin
from make_ui_data import files, source_digest

HAS_VIEWS = tuple(map(int, version("apache-airflow").split(".")[:2])) >= (3, 1)


def test_the_built_files_are_of_the_sources_beside_them() -> None:
    built = json.loads((STATIC / "build.json").read_text())["sources"]
    assert built == source_digest(), "run make ui"


def test_names_of_operators_and_meanings_of_errors_are_up_to_date() -> None:
    for path, text in files().items():
        assert path.read_text(encoding="utf-8") == text, f"run make ui: {path.name}"
    assert "EraseVideoSubtitlesOperator" in json.loads((STATIC / "operators.json").read_text())


def test_every_documented_code_has_a_meaning_and_advice_that_read_well_on_their_own() -> None:
    known = json.loads((STATIC / "errors.json").read_text())
    assert known["InvalidFile.Decode"]["means"]
    # Of a row with several codes, whose advice is that of their class.
    assert known["SourceUnreadable"]["means"].startswith("A source changed")
    assert known["SourceUnreadable"]["do"] == known["TransientError"]["do"]
    assert known["ConnectionUnreadable"]["means"].startswith("The Airflow connection does not exist")
    assert "do not clear the task" in known["SubmissionInDoubt"]["do"]
    assert known["Throttling"]["do"].endswith("Quota (docs/quota.md)")
    assert "PROCESS_FAILED" not in known
    for name, entry in known.items():
        assert entry["do"], name
        assert " " in entry["means"], name
        assert not re.search(r"\]\(|`", f"{entry}"), name


def test_what_a_browser_loads_is_small() -> None:
    loaded = [path for path in STATIC.iterdir() if path.suffix in (".html", ".js", ".css", ".json", ".svg")]
    assert sum(len(gzip.compress(path.read_bytes())) for path in loaded) < 150_000


def test_nothing_is_loaded_from_elsewhere() -> None:
    page = (STATIC / "index.html").read_text()
    assert re.findall(r'(?:src|href)="([^"]+)"', page) == ["./app.js", "./app.css"]
    assert "<style" not in page
    assert re.search(r"<script[^>]*>[^<]", page) is None
    assert "url(" not in (STATIC / "app.css").read_text()


def test_airflow_finds_the_plugin_by_its_entry_point() -> None:
    found = {entry.name: entry for entry in entry_points(group="airflow.plugins")}
    assert found["viapi"].load() is ViapiPlugin


@pytest.mark.skipif(not HAS_VIEWS, reason="this Airflow shows no views of plugins")
def test_the_views_work_below_a_path_and_are_for_this_providers_operators() -> None:
    task, run = ViapiPlugin.external_views
    assert (task["destination"], run["destination"]) == ("task_instance", "dag_run")
    assert not any(view[name].startswith("/") for view in (task, run) for name in ("href", "icon"))
    assert "ViapiBatchOperator" in task["applies_to"]["operator_name"]


@pytest.mark.skipif(HAS_VIEWS, reason="this Airflow shows views of plugins")
def test_an_older_airflow_gets_nothing() -> None:
    assert not ViapiPlugin.external_views if hasattr(ViapiPlugin, "external_views") else True
    assert not getattr(ViapiPlugin, "fastapi_apps", None)
