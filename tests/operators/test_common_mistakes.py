"""The commonest mistakes, made on purpose: each message says what happened, what was given and what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.bulk_image_index import BulkIndexImagesOperator
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator
from airflow_provider_viapi.operators.metastudio import CreateVoiceModelOperator
from airflow_provider_viapi.operators.viapi import ViapiJobOperator
from airflow_provider_viapi.operators.vias import DeleteViasTaskOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from airflow_provider_viapi.sensors.huaweicloud import (
    ImageModelSensor,
    LiveTaskSensor,
    ViasTaskSensor,
    VoiceModelSensor,
)
from airflow_provider_viapi.sensors.viapi import ViapiJobSensor
from media.team_storage import TeamStorage, storage_emulator, team
from operators.test_paid_once import Store
from run_task import run_task

__all__ = ["storage_emulator", "team"]

Connect = Callable[..., str]


@pytest.fixture
def connect(team: TeamStorage, monkeypatch: pytest.MonkeyPatch) -> Connect:
    def make(extra: Any = None, **fields: Any) -> str:
        connection = json.loads(team.emulator.connection_json())
        if extra is not None:
            connection["extra"] = {**connection["extra"], **extra} if isinstance(extra, dict) else extra
        monkeypatch.setenv("AIRFLOW_CONN_MISTAKEN", json.dumps(connection | fields))
        return "mistaken"

    return make


def erase(conn_id: str, video_url: Any = "http://h/a.mp4", **arguments: Any) -> Any:
    operator = EraseVideoSubtitlesOperator(
        task_id="erase", video_url=video_url, viapi_conn_id=conn_id, deferrable=False, **arguments
    )
    return run_task(operator, Store())


def check(team: TeamStorage, message: str, mistake: Callable[[], Any]) -> None:
    with pytest.raises(Exception, match=r".") as caught:
        mistake()
    assert re.search(message, str(caught.value)), str(caught.value)
    assert team.emulator.jobs() == []


HIDES_BAD_EXTRAS = pytest.mark.skipif(
    version("apache-airflow").startswith(("3.0.", "3.1.")),
    reason="Airflow 3.0 and 3.1 report a connection with a bad extra as missing",
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"password": "wrong"},
            "its secret is wrong; check the password of the connection. The service:",
        ),
        ({"login": "LTAI-nobody"}, "access key id does not exist or is disabled; check the login"),
        ({"password": None}, "'mistaken' has no password .access key secret.; enter it"),
        ({"login": ""}, "'mistaken' has no login .access key id.; enter it"),
        ({"login": "LTAI x"}, "contains a character that is not valid in a key, such as a space"),
        ({"conn_type": "aws"}, "has the type 'aws'; allowed: viapi, alibaba_cloud"),
        (
            {"extra": {"timeout": "30s"}},
            "has '30s' as timeout in its extra; allowed: a number of seconds from 1",
        ),
        (
            {"extra": {"poll_qps": -1}},
            "has '-1' as poll_qps in its extra; allowed: a number of calls per second",
        ),
        ({"extra": {"signature": "2.0"}}, "has '2.0' as signature in its extra; allowed: 1.0, ACS3"),
        (
            {"extra": {"verify": "/no/ca.pem"}},
            "verify of the connection 'mistaken' names '/no/ca.pem', which cannot",
        ),
        (
            {"extra": {"endpoint": "htp:/h"}},
            "has 'htp:/h' as endpoint in its extra; allowed: http://host:port",
        ),
        (
            {"extra": {"endpoint": None, "region_id": "cn-hangzhou"}},
            "region_id 'cn-hangzhou'.*allowed: cn-shanghai",
        ),
        pytest.param(
            {"extra": "endpoint=http://h"},
            "extra of the connection 'mistaken' is not a JSON object; write it like",
            marks=HIDES_BAD_EXTRAS,
        ),
        pytest.param(
            {"extra": "[1]"},
            "extra of the connection 'mistaken' is not a JSON object",
            marks=HIDES_BAD_EXTRAS,
        ),
    ],
)
def test_a_mistake_in_the_connection(
    team: TeamStorage, connect: Connect, change: dict[str, Any], message: str
) -> None:
    conn_id = connect(**change)
    (team.folder / "film.mp4").write_bytes(b"film")

    check(team, message, lambda: erase(conn_id, (team.folder / "film.mp4").as_uri()))


@pytest.mark.parametrize("of", ["task", "batch"])
@pytest.mark.parametrize(
    "option",
    ["[viapi] state_retention_days", "[state_store] default_retention_days"],
    ids=["path", "Airflow"],
)
def test_a_job_that_may_outlive_the_state_that_records_it_is_not_submitted(
    of: str, option: str, team: TeamStorage, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if option.startswith("[viapi]"):
        monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"file://{tmp_path}/state")
    section, _, name = option.removeprefix("[").partition("] ")
    monkeypatch.setenv(f"AIRFLOW__{section.upper()}__{name.upper()}", "1")
    conn_id, url, days = connect(), f"{team.emulator.url}/a.mp4", timedelta(days=7)

    def batch() -> Any:
        return run_task(
            ViapiBatchOperator(
                task_id="batch",
                operator=EraseVideoSubtitlesOperator,
                items=[{"video_url": url}],
                viapi_conn_id=conn_id,
                job_timeout=days,
            ),
            Store(),
        )

    run = batch if of == "batch" else lambda: erase(conn_id, url, job_timeout=days)
    check(team, rf"job_timeout is 7 days, .*{re.escape(option)} is 1: .*could be deleted", run)


def test_a_retention_that_is_no_number_fails_before_anything_is_submitted(
    team: TeamStorage, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__STATE_STORE__DEFAULT_RETENTION_DAYS", "soon")
    conn_id, url = connect(), f"{team.emulator.url}/a.mp4"

    check(team, r".state_store. default_retention_days cannot be read: .*soon", lambda: erase(conn_id, url))


def test_a_missing_connection_says_how_to_create_it(team: TeamStorage) -> None:
    check(
        team,
        "'nowhere' cannot be read .AirflowNotFoundException.; create it with type 'viapi'",
        lambda: erase("nowhere"),
    )


def test_a_misspelled_field_of_the_extra_is_named_in_the_log(
    team: TeamStorage, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    conn_id = connect({"regionid": "cn-shanghai"})

    with caplog.at_level("WARNING"):
        check(team, "HTTP status 40[34]", lambda: erase(conn_id, f"{team.emulator.url}/nothing.mp4"))

    assert "the field 'regionid' in its extra, which is ignored; did you mean 'region_id'?" in caplog.text


def test_a_deferred_task_names_its_job_and_the_triggerer_in_its_log(
    team: TeamStorage,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (team.folder / "film.mp4").write_bytes(b"film")
    operator = EraseVideoSubtitlesOperator(
        task_id="erase",
        video_url=(team.folder / "film.mp4").as_uri(),
        viapi_conn_id=connect(),
        deferrable=True,
    )

    with caplog.at_level("INFO"):
        run_task(operator, Store())

    [job] = team.emulator.jobs()
    # Airflow 3 writes a task's log to the standard output here.
    log = caplog.text + capsys.readouterr().out
    assert f"Waiting for job {job['job_id']} in the triggerer until" in log
    assert "check that a triggerer runs" in log


@pytest.mark.parametrize("source", ["staged", "link"])
def test_a_dead_endpoint_is_given_up_after_submit_timeout(
    team: TeamStorage, connect: Connect, tmp_path: Path, source: str
) -> None:
    (tmp_path / "film.mp4").write_bytes(b"film")
    conn_id = connect({"endpoint": "http://127.0.0.1:9"})
    video = (tmp_path / "film.mp4").as_uri() if source == "staged" else "http://127.0.0.1:9/film.mp4"

    check(
        team,
        "no connection to http://127.0.0.1:9 .Connection refused.; check this address, and the network",
        lambda: erase(conn_id, video, submit_timeout=1),
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"land_to": "file:///proc/here/"},
            "land_to is 'file:///proc/here/', where this task may not write: ",
        ),
        ({"land_to": "out/"}, "land_to is 'out/'; allowed: an address that can be written to"),
        ({"land_to": "oss://media"}, "land_to is 'oss://media'; allowed: a bucket followed by /"),
        ({"land_to": "gs://media/x/"}, "no installed package supports gs://: pip install"),
        ({"land_to": "file:///tmp/{nam}.mp4"}, "{nam} is unknown"),
        (
            {"video_url": "file:///no/film.mp4"},
            r"VideoUrl: file:///no/film.mp4 does not exist.*\(argument 'video_url'\)",
        ),
        ({"video_url": "film.mp4"}, "VideoUrl is 'film.mp4'.*write file:// before the absolute path"),
        ({"video_url": ["s3://b/a.mp4"]}, "one address, for several use expand.. or ViapiBatchOperator"),
        (
            {"vido_url": "a"},
            "EraseVideoSubtitlesOperator has no argument 'vido_url'; did you mean video_url?",
        ),
        ({"landto": "s3://b/"}, "has no argument 'landto'; did you mean land_to?"),
        ({"defferable": True}, "has no argument 'defferable'; did you mean deferrable?"),
        ({"deferable": "yes"}, "did you mean deferrable?"),
        ({"durable": "no"}, "durable is 'no'; allowed: True, False; it cannot be a template"),
        ({"wait_for_completion": "no"}, "wait_for_completion is 'no'; allowed: True, False"),
        (
            {"job_timeout": "1h"},
            "job_timeout is '1h'; allowed: a timedelta or seconds, more than 0 and at most 30",
        ),
        ({"job_timeout": 0}, "job_timeout is 0; allowed: a timedelta or seconds"),
        ({"job_timeout": -5}, "job_timeout is -5; allowed"),
        ({"job_timeout": True}, "job_timeout is True; allowed"),
        ({"job_timeout": timedelta(days=50)}, "at most 30 days"),
        ({"by": "0,7"}, r"BY is '0,7'; allowed: a number from 0 to 1 \(argument 'by'\)"),
        *(
            ({"allowed_hosts": [host]}, re.escape(f"allowed_hosts has {host!r}; allowed: a list"))
            for host in (
                "*",
                "*.corp.example",
                "nas:port",
                "nas:99999",
                "a b",
                "user:pw@nas",
                "nas:",
                "[nas]:80",
                "a,b",
                "x;y",
                "nas.local:9000,",
                "<nas>",
            )
        ),
        ({"allowed_hosts": "10.0.0.1"}, "allowed_hosts is '10.0.0.1'; allowed: a list of host or host:port"),
        (
            {"allowed_hosts": ["http://nas"]},
            "allowed_hosts has 'http://nas'; allowed: a list of host or host:port",
        ),
        (
            {"allowed_hosts": ["{{ var.value.nas }}"]},
            "allowed_hosts has '{{ var.value.nas }}'; .*it cannot be a template",
        ),
        ({"allowed_hosts": "{{ hosts }}"}, "allowed_hosts is '{{ hosts }}'; .*it cannot be a template"),
        ({"staging": "s3://b/x"}, "staging is 's3://b/x'; allowed: oss://bucket/prefix"),
    ],
)
def test_a_mistake_in_an_argument(
    team: TeamStorage, tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    (tmp_path / "film.mp4").write_bytes(b"film")
    video = {"video_url": (tmp_path / "film.mp4").as_uri()}

    check(team, message, lambda: erase(team.hook.viapi_conn_id, **{**video, **arguments}))


@pytest.mark.parametrize("flag", ["yes", "False", 1])
def test_deferrable_is_no_text(team: TeamStorage, flag: Any) -> None:
    check(
        team,
        f"deferrable is {flag!r}; allowed: True, False",
        lambda: EraseVideoSubtitlesOperator(task_id="t", video_url="http://h/a.mp4", deferrable=flag),
    )


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (
            lambda: ViapiJobOperator(
                task_id="t", action="videoenhan.EraseVideoSubtitles", request={"VideoURL": "http://h/a.mp4"}
            ),
            "VideoURL is not a parameter of this action; did you mean VideoUrl?",
        ),
        (
            lambda: HuaweiCloudJobOperator(
                task_id="t", action="metastudio.CreateAsyncTtsJob", request={"txt": 1}
            ),
            "txt is not a parameter of this action; did you mean",
        ),
        (
            lambda: ViapiJobOperator(task_id="t", action="EraseVideoSubtitle", request={}),
            "'EraseVideoSubtitle' does not name one action.*videoenhan.EraseVideoSubtitles",
        ),
        (
            lambda: ViapiJobOperator(task_id="t", action=["x"], request={}),
            "needs a job as its action",
        ),
        (
            lambda: ViapiBatchOperator(
                task_id="t", operator=EraseVideoSubtitlesOperator, items=[{"url": "a"}]
            ),
            "item 0: url is not an argument of EraseVideoSubtitlesOperator; it has video_url",
        ),
        (
            lambda: ViapiBatchOperator(
                task_id="t", operator=EraseVideoSubtitlesOperator, item=[{}], items=[{}]
            ),
            "ViapiBatchOperator has no argument 'item'; did you mean items?",
        ),
        (
            lambda: ViapiJobSensor(task_id="t", job_id="j", pokeinterval=5),
            "ViapiJobSensor has no argument 'pokeinterval'; did you mean poke_interval?",
        ),
        (
            lambda: EraseVideoSubtitlesOperator(task_id="t", url="http://h/a.mp4"),
            "EraseVideoSubtitlesOperator has no argument 'url'; did you mean video_url?",
        ),
        (
            lambda: EraseVideoSubtitlesOperator.partial(task_id="t", landto="s3://b/"),
            "has no argument 'landto'; did you mean land_to?",
        ),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(
    team: TeamStorage, mistake: Callable[[], Any], message: str
) -> None:
    check(team, message, mistake)


@pytest.mark.parametrize(
    ("kind", "arguments", "wrong"),
    [
        (EraseVideoSubtitlesOperator, {"video_url": "http://h/a.mp4"}, {"request": {}}),
        (
            EraseVideoSubtitlesOperator,
            {"video_url": "http://h/a.mp4"},
            {"action": "videoenhan.ChangeVideoSize"},
        ),
        (CreateVoiceModelOperator, {"voice_name": "v", "recordings": "s3://b/a.zip"}, {"action": "x"}),
        (DeleteViasTaskOperator, {"vias_task_id": "v"}, {"request": {}}),
        (
            BulkIndexImagesOperator,
            {"instance_name": "shop", "images": "s3://b/x/", "staging": "oss://bucket/x"},
            {"action": "x"},
        ),
        (ImageModelSensor, {"job_id": "j"}, {"action": "metastudio.CreateAsyncTtsJob"}),
        (VoiceModelSensor, {"job_id": "j"}, {"scope": "room"}),
        (LiveTaskSensor, {"room_id": "r", "job_id": "j", "target_state": "SUCCEED"}, {"scope": "room"}),
        (ViasTaskSensor, {"vias_task_id": "v"}, {"job_id": "j"}),
    ],
)
def test_what_a_class_sets_itself_is_no_argument(
    kind: Any, arguments: dict[str, Any], wrong: dict[str, Any]
) -> None:
    derived = type("Derived", (kind,), {})
    says = f"has no argument {next(iter(wrong))!r}"
    kind(task_id="t", **arguments)
    for make in (kind, kind.partial, derived.partial):
        with pytest.raises(TypeError, match=says):
            make(task_id="t", **arguments, **wrong)


def test_a_derived_class_may_take_again_what_its_base_class_sets() -> None:
    class Erase(EraseVideoSubtitlesOperator):
        def __init__(self, *, request: dict[str, Any], **kwargs: Any) -> None:
            super().__init__(video_url=request["VideoUrl"], **kwargs)

    request = {"VideoUrl": "http://h/a.mp4"}
    Erase.partial(task_id="each").expand(request=[request])

    assert Erase(task_id="t", request=request).request == request
