"""Check a video on the worker: properties, black and frozen pictures, sound, and what an erasure changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperator
from airflow.providers.standard.operators.branch import BranchMixIn

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.operators.arguments.checks import (
    as_conn_id,
    as_hosts,
    as_names,
    is_template,
    is_templated,
    not_allowed,
)
from airflow_provider_viapi.operators.arguments.quality_thresholds import (
    CHECK,
    LIMITS,
    QualityThresholds,
    invalid,
    with_unit,
)
from airflow_provider_viapi.operators.provider_task import ProviderTask
from airflow_provider_viapi.operators.task.view import fail_and_show
from airflow_provider_viapi.schema import short_repr
from airflow_provider_viapi.task_instance.xcoms import REPORT_KEY

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.operators.arguments.options import Address


class MediaQualityCheckOperator(ProviderTask, BaseOperator, BranchMixIn):
    """Measure a video on the worker and fail, or choose a branch, if it does not meet the thresholds.

    Needs the extra ``quality`` (PyAV and NumPy). The video is copied to the worker's disk and decoded once. The
    measures are simple ones; for a prediction of viewers' opinion pass ``EvaluateVideoQualityOperator``'s scores::

        erase = EraseVideoSubtitlesOperator(task_id="erase", video_url=film, land_to="s3://media/review/")
        check = MediaQualityCheckOperator(
            task_id="check",
            source=erase.landed["VideoUrl"],
            before=film,
            band=(0, 0.75, 1, 0.25),
            min_ssim=0.95,
            max_black=0.05,
            pass_task_ids="publish",
            fail_task_ids="ask_editor",
        )

    Returns the report: ``passed``, ``failures`` (sentences), the measures ``duration``, ``width``, ``height``,
    ``frame_rate``, ``video_codec``, ``audio_codec``, ``black``, ``longest_frozen``, ``loudness``, ``ssim`` and
    ``lowest_ssim``, their ``units`` by name, and ``scores``. A failed task has it as the XCom ``report``.

    :param source: the video: an address in any storage, or a link
    :param before: the video before it was processed; with it ``ssim`` is measured and the duration compared
    :param band: left, top, width and height of the part of the picture that is not compared, as fractions
    :param duration_tolerance: seconds by which the durations of both may differ; default: 0.5
    :param video_codecs: codecs that are allowed, by FFmpeg's names such as ``h264``; default: any
    :param require_audio: the video must have an audio track; default: if ``before`` has one
    :param min_duration: shortest duration in seconds
    :param max_duration: longest duration in seconds
    :param min_width: smallest width in pixels
    :param min_height: smallest height in pixels
    :param min_frame_rate: lowest number of frames per second
    :param max_frame_rate: highest number of frames per second
    :param max_black: largest share of black pictures, 0 to 1
    :param max_frozen: longest time in seconds in which the picture may not change
    :param min_loudness: lowest loudness in dBFS (root mean square), such as -50 to detect silence
    :param max_loudness: highest loudness in dBFS
    :param min_ssim: lowest mean structural similarity to ``before``, -1 to 1
    :param scores: scores of another task to check as well, such as ``evaluate.output["VideoQualityInfo"]``
    :param min_scores: lowest value of each score by its name, such as ``{"MosScore": 3.5}``
    :param max_scores: highest value of each score by its name
    :param pass_task_ids: tasks directly downstream that follow if all thresholds are met; default: all
    :param fail_task_ids: tasks that follow otherwise; default: the task fails, without retries
    :param allowed_hosts: private hosts that links may lead to; default: the connection's own endpoint
    :param viapi_conn_id: id of the Airflow connection for ``oss://`` and links; default: ``viapi_default``
    """

    template_fields: Sequence[str] = ("source", "before", "scores", "viapi_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"scores": "json"}
    ui_color = "#e8f5e8"

    def __init__(
        self,
        *,
        source: Address,
        before: Address | None = None,
        band: Sequence[float] | None = None,
        duration_tolerance: float = 0.5,
        video_codecs: Sequence[str] = (),
        require_audio: bool | None = None,
        min_duration: float | None = None,
        max_duration: float | None = None,
        min_width: int | None = None,
        min_height: int | None = None,
        min_frame_rate: float | None = None,
        max_frame_rate: float | None = None,
        max_black: float | None = None,
        max_frozen: float | None = None,
        min_loudness: float | None = None,
        max_loudness: float | None = None,
        min_ssim: float | None = None,
        scores: Any = None,
        min_scores: Mapping[str, float] | None = None,
        max_scores: Mapping[str, float] | None = None,
        pass_task_ids: str | Sequence[str] = (),
        fail_task_ids: str | Sequence[str] = (),
        allowed_hosts: Sequence[str] = (),
        viapi_conn_id: str = ViapiHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        # All arguments, of which the limits are picked by name.
        given = locals()
        super().__init__(**{"multiple_outputs": True, **kwargs})
        self.thresholds = QualityThresholds(
            {name: given[name] for name in LIMITS},
            duration_tolerance=duration_tolerance,
            video_codecs=video_codecs,
            require_audio=require_audio,
            min_scores=min_scores,
            max_scores=max_scores,
        )
        if before is None and (min_ssim is not None or band is not None):
            raise invalid("min_ssim and band need before: the video that this one is compared with")
        if scores is None and self.thresholds.need_scores:
            raise invalid("min_scores and max_scores need scores: the output of another task")
        if scores is not None and not is_template(scores):
            _check_scores(scores)
        self.source = source
        self.before = before
        self.band = None if band is None else _check_band(band)
        self.scores = scores
        self.pass_task_ids = as_names("pass_task_ids", pass_task_ids, CHECK)
        self.fail_task_ids = as_names("fail_task_ids", fail_task_ids, CHECK)
        if self.pass_task_ids and not self.fail_task_ids:
            raise invalid("pass_task_ids needs fail_task_ids: without them a failed check fails the task")
        self.allowed_hosts = as_hosts(allowed_hosts, CHECK)
        self.viapi_conn_id = as_conn_id("viapi_conn_id", viapi_conn_id)
        for name in ("source", "before"):
            value = getattr(self, name)
            if value is not None and not is_templated(value):
                _check_source(name, value)

    @cached_property
    def hook(self) -> ViapiHook:
        """The hook whose connection reads the videos."""
        return ViapiHook(self.viapi_conn_id)

    def never_none(self) -> Collection[str]:
        """Return also the arguments without which something is not checked."""
        return (*super().never_none(), "before", "scores")

    def execute(self, context: Context) -> dict[str, Any]:
        """Measure, log, and fail or choose the branch."""
        with fail_and_show(context):
            self.check_rendered()
            report = self._report()
            for sentence in report["failures"]:
                self.log.warning("Quality: %s", sentence)
            self.log.info("Quality: %s", _as_line(report))
            if report["passed"] or self.fail_task_ids:
                chosen = self.pass_task_ids if report["passed"] else self.fail_task_ids
                if self.fail_task_ids:
                    # Airflow 3 ends a task when it skips others, and stores nothing that it returns.
                    self._store(report, context)
                    direct = context["task"].downstream_task_ids
                    self.do_branch(context, chosen or sorted(direct - set(self.fail_task_ids)))
                return report
            context["ti"].xcom_push(key=REPORT_KEY, value=report)
            raise InvalidRequest(
                f"the video does not meet the thresholds: {'; '.join(report['failures'])}",
                code="QualityCheckFailed",
            )

    def _store(self, report: Mapping[str, Any], context: Context) -> None:
        """Write the XComs of the result."""
        if self.do_xcom_push:
            for key, value in {**(report if self.multiple_outputs else {}), "return_value": report}.items():
                context["ti"].xcom_push(key=key, value=value)

    def _report(self) -> dict[str, Any]:
        import tempfile
        from pathlib import Path

        from airflow_provider_viapi.media.addresses import display_url
        from airflow_provider_viapi.media.video_quality import UNITS, compare, copy_to, measure

        # All arguments are checked before a video is copied, which may take minutes.
        _check_source("source", self.source)
        if self.before is not None:
            _check_source("before", self.before)
        if self.scores is not None:
            _check_scores(self.scores)
        with tempfile.TemporaryDirectory(prefix="viapi-quality-") as folder:

            def measured(address: Any, name: str, every: float | None = None) -> Any:
                text = _as_text(address)
                copy_to(text, Path(folder) / name, self.hook, self.allowed_hosts)
                return measure(
                    Path(folder) / name, display_url(text), every, keep_samples=self.before is not None
                )

            if self.before is None:
                before, quality = None, measured(self.source, "source")
            else:
                before = measured(self.before, "before")
                quality = measured(self.source, "source", before.every)
                compare(quality, before, self.band)
        failures = self.thresholds.failures(quality, before, self.scores)
        scores = {} if self.scores is None else {"scores": dict(self.scores)}
        return {"passed": not failures, "failures": failures, **quality.report(), "units": UNITS, **scores}


def _as_line(report: Mapping[str, Any]) -> str:
    """Return what was measured, for the log."""
    measures = [
        f"{name} {value if isinstance(value, str) else with_unit(name, value)}"
        for name, value in {**report, **report.get("scores", {})}.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    ]
    return ", ".join(measures)


def _as_text(address: Any) -> str:
    from airflow_provider_viapi.storage_addresses import as_address

    return str(as_address(address))


def _check_source(name: str, value: Any) -> None:
    from airflow_provider_viapi.media.inputs.request_media import check_source_address

    check_source_address(value, name=name, action=CHECK)


def _check_scores(scores: Any) -> None:
    if not isinstance(scores, Mapping):
        raise invalid(f"scores is of type {type(scores).__name__}; allowed: a mapping of numbers")


def _check_band(band: Sequence[float]) -> tuple[float, float, float, float]:
    is_band = isinstance(band, Sequence) and not isinstance(band, str) and len(band) == 4
    if not is_band or not all(isinstance(side, int | float) and 0 <= side <= 1 for side in band):
        raise not_allowed("band", band, "left, top, width and height as fractions from 0 to 1", CHECK)
    left, top, width, height = (float(side) for side in band)
    if left <= 0 and top <= 0 and width >= 1 and height >= 1:
        raise invalid(
            f"band is {short_repr(band)}, the whole picture, so nothing would be compared; allowed: a part of it"
        )
    return left, top, width, height
