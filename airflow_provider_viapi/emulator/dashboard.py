"""The dashboard: every job with its state, its input beside its output, and the counts of calls.

Plain HTML without scripts. Everything that callers sent is escaped, and the page's policy allows only its own style
and the emulator's own files.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

from airflow_provider_viapi.alibaba.parameters import Parameter, Structured, Url
from airflow_provider_viapi.emulator.jobs import PROCESSING, QUEUING, Job

STYLE = Path(__file__).with_name("dashboard.css").read_text(encoding="utf-8")
"""The style sheet; the content security policy names its digest, so that no other style is applied."""

MAX_JOBS = 50
"""Number of jobs on the page, newest first."""

_MAX_FILES = 12
_AUTOPLAYED_JOBS = 4
_REFRESH_WHILE_ACTIVE, _REFRESH = 2, 30
_KINDS = {
    "video": (".mp4", ".mov", ".m4v", ".webm", ".mkv"),
    "image": (".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp"),
    "audio": (".mp3", ".wav", ".m4a", ".aac", ".ogg"),
}

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; img-src 'self'; media-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; style-src 'sha256-" + base64.b64encode(sha256(STYLE.encode()).digest()).decode()
        + "'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}  # fmt: skip
"""Headers of the page."""


@dataclass(frozen=True)
class Page:
    """The data of the dashboard.

    :param jobs: all jobs, newest first
    :param link: return the address of a job's file, or ``None`` when its link has expired
    :param calls: accepted and rejected calls of each action
    :param faults: number of faults that are waiting; each may apply several times
    :param now: in Unix time
    """

    jobs: Sequence[Job]
    link: Callable[[Job, Path], str | None]
    calls: Mapping[str, Mapping[str, int]]
    faults: int
    now: float

    @property
    def refresh(self) -> int:
        """Seconds after which the browser reloads the page."""
        return _REFRESH_WHILE_ACTIVE if any(map(_is_active, self.jobs)) else _REFRESH

    def html(self) -> str:
        """Return the HTML document."""
        states = Counter(job.state for job in self.jobs)
        summary = " ".join(f"{_badge(state)} {count}" for state, count in sorted(states.items()))
        jobs = "".join(
            self._job(job, autoplay=n < _AUTOPLAYED_JOBS) for n, job in enumerate(self.jobs[:MAX_JOBS])
        )
        older = len(self.jobs) - MAX_JOBS
        return (
            "<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>VIAPI emulator</title>"
            "<meta name=viewport content='width=device-width'>"
            f"<style>{STYLE}</style></head><body><header><h1>VIAPI emulator</h1>"
            f"<p>{_count(len(self.jobs), 'job')} {summary}</p>"
            + (f"<p class=faults>{_count(self.faults, 'fault')} waiting</p>" if self.faults else "")
            + f"</header><main>{jobs or _EMPTY}"
            + (f"<p class=older>and {_count(older, 'older job')}</p>" if older > 0 else "")
            + f"</main>{_calls(self.calls)}</body></html>"
        )

    def _job(self, job: Job, *, autoplay: bool) -> str:
        return (
            f"<article><h2>{_text(job.action.name)} {_badge(job.state)}</h2>"
            f"<p class=facts><code>{_text(job.id)}</code> {self._times(job)}</p>"
            f"{_parameters(job)}<div class=sides>"
            f"<section><h3>Input</h3>{self._input(job, autoplay)}</section>"
            f"<section><h3>Output</h3>{self._output(job, autoplay)}</section></div></article>"
        )

    def _times(self, job: Job) -> str:
        started = self.now if job.started_at is None else job.started_at
        times = [f"submitted {_clock(job.created_at)}", f"queued for {started - job.created_at:.1f} s"]
        if job.finished_at is not None and job.started_at is None:
            times = times[:1]
        elif job.started_at is not None:
            finished = self.now if job.finished_at is None else job.finished_at
            times.append(f"processed for {finished - job.started_at:.1f} s")
        return _text(" · ".join(times))

    def _input(self, job: Job, autoplay: bool) -> str:
        addresses = dict(_addresses(job.parameters, job.action.parameters))
        shown = list(addresses.items())[:_MAX_FILES]
        figures = [
            self._figure(job, autoplay, name, job.sources.get(name), address) for name, address in shown
        ]
        return _figures(figures) or "<p class=none>no files, only parameters</p>"

    def _output(self, job: Job, autoplay: bool) -> str:
        if job.error_code is not None:
            return f"<p class=error><b>{_text(job.error_code)}</b> {_text(job.error_message or '')}</p>"
        if job.result is None:
            return f"<p class=none>{'no result yet' if _is_active(job) else 'no result'}</p>"
        found = list(_leaves(job.result))
        figures = [
            self._figure(job, autoplay, name, value) for name, value in found if isinstance(value, Path)
        ]
        plain = [(name, value) for name, value in found if not isinstance(value, Path)]
        return _figures(figures[:_MAX_FILES]) + _list(plain[:_MAX_FILES])

    def _figure(
        self, job: Job, autoplay: bool, name: str, path: Path | None, address: str | None = None
    ) -> str:
        link = None if path is None else self.link(job, path)
        caption = _text(name) if address is None else f"{_text(name)} {_anchor(address)}"
        if path is not None and link is None:
            return f"<figure><p class=none>file expired</p><figcaption>{caption}</figcaption></figure>"
        if path is None or link is None:
            return f"<figure><figcaption>{caption}</figcaption></figure>"
        return (
            f"<figure>{_player(link, _kind(name, path), autoplay)}<figcaption>{caption}</figcaption></figure>"
        )


_EMPTY = "<p class=none>No job has been submitted yet. This page reloads automatically.</p>"


def _is_active(job: Job) -> bool:
    return job.state in (QUEUING, PROCESSING)


def _text(value: object) -> str:
    return escape(str(value), quote=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _badge(state: str) -> str:
    return f"<span class='state {_text(state.lower())}'>{_text(state)}</span>"


def _clock(time: float) -> str:
    return datetime.fromtimestamp(time, timezone.utc).strftime("%H:%M:%S UTC")


def _parameters(job: Job) -> str:
    addresses = {name for name, _ in _addresses(job.parameters, job.action.parameters)}
    return _list([(name, value) for name, value in job.wire.items() if name not in addresses])


def _list(pairs: Sequence[tuple[str, Any]]) -> str:
    items = "".join(f"<li>{_text(name)} <b>{_text(_short(str(value)))}</b></li>" for name, value in pairs)
    return f"<ul>{items}</ul>" if items else ""


def _short(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:99]}…"


def _figures(figures: Sequence[str]) -> str:
    return f"<div class='files n{min(len(figures), 4)}'>{''.join(figures)}</div>" if figures else ""


def _anchor(address: str) -> str:
    shown = _short(address.partition("?")[0])
    return f"<a href='{_text(address)}' rel='noopener noreferrer nofollow'>{_text(shown)}</a>"


def _player(link: str, kind: str, autoplay: bool) -> str:
    if kind == "image":
        return f"<img src='{_text(link)}' alt=''>"
    if kind == "video" and autoplay:
        return f"<video src='{_text(link)}' controls muted autoplay loop playsinline></video>"
    if kind in ("video", "audio"):
        return f"<{kind} src='{_text(link)}' controls preload=metadata></{kind}>"
    return f"<p><a href='{_text(link)}'>file</a></p>"


def _kind(name: str, path: Path) -> str:
    suffix = path.suffix.lower()
    known = next((kind for kind, suffixes in _KINDS.items() if suffix in suffixes), None)
    if known is not None or suffix:
        return known or "file"
    return "image" if "image" in name.lower() else "video" if "video" in name.lower() else "file"


def _leaves(value: Any, name: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [leaf for key, item in value.items() for leaf in _leaves(item, f"{name}.{key}".lstrip("."))]
    if isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
        return [leaf for number, item in enumerate(value, 1) for leaf in _leaves(item, f"{name}.{number}")]
    return [(name, value)]


def _addresses(request: Mapping[str, Any], parameters: Sequence[Parameter]) -> list[tuple[str, str]]:
    urls = {parameter.name for parameter in parameters if isinstance(parameter, Url)}
    found = [(name, request[name]) for name in request if name in urls]
    for each in parameters:
        if isinstance(each, Structured):
            for prefix, item in each.structures(request.get(each.name)):
                found += [(f"{prefix}{inner}", url) for inner, url in _addresses(item, each.fields)]
    return found


def _calls(calls: Mapping[str, Mapping[str, int]]) -> str:
    rows = "".join(
        f"<tr><td>{_text(name)}<td>{count['accepted']}<td>{count['rejected']}"
        for name, count in calls.items()
    )
    return f"<footer><table><tr><th>calls<th>accepted<th>rejected{rows}</table></footer>" if rows else ""
