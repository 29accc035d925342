"""A team's own subclasses of operators: alone, mapped, and in batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException, BaseOperatorLink, task

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import BatchFailed, InvalidRequest, ServiceError
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.batch.items import build_items
from airflow_provider_viapi.operators.quality import MediaQualityCheckOperator
from airflow_provider_viapi.operators.viapi import ViapiJobOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from operators import run_batch
from operators.test_checks_and_messages import small_clip
from run_task import run_task

VIDEO = "http://h/a.mp4"
BANDS = {"en": 0.7, "zh": 0.8}


class EraseByLanguage(EraseVideoSubtitlesOperator):
    """Sets attributes before and after, and reads an option of the base class."""

    def __init__(self, *, lang: str = "en", **kwargs: Any) -> None:
        self.lang = lang
        super().__init__(by=BANDS[lang], bh=0.2, **kwargs)
        self.note = f"{lang} lands in {self.land_to}"


class ErasePositional(EraseVideoSubtitlesOperator):
    """Has arguments that Python would also take by position."""

    def __init__(self, video_url: str, lang: str = "en", **kwargs: Any) -> None:
        super().__init__(video_url=video_url, by=BANDS[lang], bh=0.2, **kwargs)


class ErasePopping(EraseVideoSubtitlesOperator):
    """Takes an argument that no signature names."""

    def __init__(self, **kwargs: Any) -> None:
        lang = kwargs.pop("lang", "en")
        super().__init__(by=BANDS[lang], bh=0.2, **kwargs)


@pytest.mark.parametrize("kind", [EraseByLanguage, ErasePositional, ErasePopping])
def test_a_batch_sends_the_request_that_a_task_of_the_same_class_would_send(kind: Any) -> None:
    arguments = {"video_url": VIDEO, "lang": "zh"}

    ViapiBatchOperator(task_id="batch", operator=kind, items=[arguments])
    items, _ = build_items(kind, [arguments], {})

    assert items[0].request == kind(task_id="single", **arguments).checked_request()


def test_an_unknown_argument_of_an_item_is_named_whatever_else_is_wrong() -> None:
    with pytest.raises(
        InvalidRequest, match="item 0: vido_url is not an argument of ErasePositional; it has video_url, lang"
    ):
        ViapiBatchOperator(task_id="batch", operator=ErasePositional, items=[{"vido_url": VIDEO}])


@pytest.mark.parametrize("name", ["land_to", "viapi_conn_id", "on_doubt"])
def test_an_argument_of_the_batch_is_refused_in_an_item_and_in_shared(name: str) -> None:
    for arguments in (
        {"items": [{"video_url": VIDEO, name: "fail"}]},
        {"items": [{"video_url": VIDEO}], "shared": {name: "fail"}},
    ):
        with pytest.raises(InvalidRequest, match=f"{name} is an argument of the batch"):
            ViapiBatchOperator(task_id="batch", operator=EraseVideoSubtitlesOperator, **arguments)


def test_a_batch_refuses_a_class_whose_own_destination_it_would_ignore() -> None:
    class Lands(EraseVideoSubtitlesOperator):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**{"land_to": "s3://media/out/", **kwargs})

    with pytest.raises(
        InvalidRequest, match="land_to is set by Lands itself; a batch stores results at its own"
    ):
        ViapiBatchOperator(task_id="batch", operator=Lands, items=[{"video_url": VIDEO}])


def test_options_that_a_class_sets_itself_are_those_of_the_batch(
    viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Ours(EraseVideoSubtitlesOperator):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(viapi_conn_id="nobody", staging=None, on_doubt="resubmit", **kwargs)

    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    batch = ViapiBatchOperator(
        task_id="batch", operator=Ours, items=[{"video_url": small_clip(tmp_path)}], deferrable=False
    )

    assert run_batch.run_batch(lambda: batch, run_batch.Store()).rows[0]["error"] is None
    operator = batch.item_operator({"video_url": VIDEO})
    assert (operator.viapi_conn_id, operator.on_doubt) == ("viapi_default", "fail")  # type: ignore[attr-defined]


def test_an_argument_that_a_class_reads_while_the_dag_is_parsed_can_be_mapped_over_another_tasks_output() -> (
    None
):
    with DAG("d", schedule=None):

        @task
        def languages() -> list[str]:
            return ["en"]

        mapped = EraseByLanguage.partial(task_id="erase", video_url=VIDEO).expand(lang=languages())
        with pytest.raises(KeyError, match="xx"):
            EraseByLanguage.partial(task_id="wrong", video_url=VIDEO).expand(lang=["en", "xx"])

    one: Any = mapped.unmap({"lang": "zh"})
    assert one.request["BY"] == 0.8


def test_an_action_can_be_named_by_a_class_attribute() -> None:
    class Depth(ViapiJobOperator):
        action = "threedvision.EstimateMonocularVideoDepth"  # type: ignore[assignment]

    assert Depth(task_id="depth", request={"VideoURL": VIDEO}).action_name == Depth.action.full_name


def test_only_a_parameter_that_was_not_given_is_none() -> None:
    class Erase(EraseVideoSubtitlesOperator):
        def __init__(self, *, lang: str, **kwargs: Any) -> None:
            super().__init__(**kwargs)

    erase = Erase(task_id="erase", video_url=VIDEO, lang="en")

    assert erase.bx is None
    with pytest.raises(AttributeError, match="no attribute 'lang'"):
        erase.lang  # noqa: B018


def test_help_of_a_class_with_its_own_dictionary_of_options_is_its_docstring() -> None:
    source = '''
from __future__ import annotations
from typing_extensions import Unpack
from airflow_provider_viapi.operators.arguments.options import Address, ViapiJobOptions
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator

class MyOptions(ViapiJobOptions, total=False):
    lang: str

class Erase(EraseVideoSubtitlesOperator):
    """Erase, our way."""
    def __init__(self, *, video_url: Address, **kwargs: Unpack[MyOptions]) -> None:
        super().__init__(video_url=video_url, **kwargs)
'''
    names: dict[str, Any] = {"__name__": "team"}
    exec(source, names)

    assert names["Erase"].__doc__ == "Erase, our way."


@pytest.mark.parametrize(
    ("kind", "given", "named"),
    [
        (EraseVideoSubtitlesOperator, "vido_url", "video_url"),
        (type("Erase", (EraseVideoSubtitlesOperator,), {}), "vido_url", "video_url"),
        (ViapiJobOperator, "reqest", "request"),
        (MediaQualityCheckOperator, "sorce", "source"),
    ],
)
def test_a_misspelled_argument_is_named_and_not_reported_as_missing(
    kind: Any, given: str, named: str
) -> None:
    with pytest.raises(TypeError, match=f"has no argument '{given}'; did you mean {named}"):
        kind(task_id="t", **{given: "x"})


def test_a_link_of_the_teams_own_is_kept(
    viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Own(BaseOperatorLink):
        name = "Own"

        def get_link(self, operator: Any, *, ti_key: Any) -> str:
            return "http://own"

    class Erase(EraseVideoSubtitlesOperator):
        operator_extra_links = (*EraseVideoSubtitlesOperator.operator_extra_links, Own())

    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    erase = Erase(task_id="erase", video_url=small_clip(tmp_path), deferrable=False)
    run_task(erase)

    assert [link.name for link in erase.operator_extra_links] == ["Own"]


class NeverRetried(EraseVideoSubtitlesOperator):
    """A team's operator whose errors are never retried."""

    @classmethod
    def is_permanent(cls, error: ServiceError) -> bool:
        return super().is_permanent(error) or error.code == "Timeout"


@pytest.mark.parametrize(
    ("operator", "kind"),
    [(NeverRetried, AirflowFailException), (EraseVideoSubtitlesOperator, BatchFailed)],
)
def test_a_batch_asks_a_class_which_errors_are_permanent(
    operator: type[EraseVideoSubtitlesOperator],
    kind: type[Exception],
    viapi_emulator: EmulatorServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    viapi_emulator.fault(action="EraseVideoSubtitles", job={"state": "TIMEOUT_FAILED", "code": "Timeout"})
    batch = ViapiBatchOperator(task_id="batch", operator=operator, items=[{"video_url": VIDEO}])

    with pytest.raises(kind, match="item 0: Timeout"):
        run_batch.run_batch(lambda: batch, run_batch.Store())


def test_a_batch_refuses_a_class_whose_decision_on_permanent_errors_needs_an_instance() -> None:
    class Erase(EraseVideoSubtitlesOperator):
        def is_permanent(self, error: ServiceError) -> bool:  # type: ignore[override]
            return True

    with pytest.raises(TypeError, match=r"Erase\.is_permanent .*add @classmethod"):
        ViapiBatchOperator(task_id="batch", operator=Erase, items=[{"video_url": VIDEO}])
