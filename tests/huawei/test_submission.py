"""A Huawei Cloud job is paid for once, although the service has no idempotency key."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_viapi.credentials import Credentials
from airflow_provider_viapi.errors import InvalidRequest, ServiceError, SubmissionInDoubt, TransientError
from airflow_provider_viapi.http_settings import HttpSettings
from airflow_provider_viapi.huawei.account import Account
from airflow_provider_viapi.huawei.client import Client
from airflow_provider_viapi.huawei.job_backend import HuaweiSubmitBackend
from airflow_provider_viapi.huawei.services import find
from airflow_provider_viapi.jobs.attempt_context import Attempt, AttemptContext
from airflow_provider_viapi.jobs.ledger import Ledger
from airflow_provider_viapi.jobs.model import Job, RequestNonce
from airflow_provider_viapi.jobs.submission import OnDoubt, Submission, SubmitPolicy
from airflow_provider_viapi.state.stores import MemoryStore
from huawei.scripted_rest import HANG_UP, Answer, ScriptedRest, scripted_rest
from jobs.scripted_backend import ScriptedClaims
from skipping_clock import SkippingClock

SPEECH = ("metastudio.CreateAsyncTtsJob", {"text": "Hi", "voice_asset_id": "v1"})
VIDEO = (
    "metastudio.Create2DDigitalHumanVideo",
    {"script_id": "s1", "output_asset_config": {"asset_name": "Spring"}},
)
LIVE = ("metastudio.StartSmartLive", {"room_id": "room-1"})
SUBTITLES = ("metastudio.CreateSubtitleFile", {"script_id": "s1"})
TASK = (
    "vias.CreateTask",
    {
        "service_name": "c-flowcount-cloud",
        "name": "gate",
        "input": {"type": "video_source", "data": [{"video_source_id": "v1"}]},
        "output": {"event_center": True},
        "service_version": "1.2",
    },
)
SPEECH_AT, SPEECHES_AT = "POST /v1/p1/ttsc/async-jobs", "GET /v1/p1/ttsc/tts-jobs"
VIDEO_AT, VIDEOS_AT = "POST /v1/p1/2d-digital-human-videos", "GET /v1/p1/digital-human-videos"
LIVE_AT = "POST /v1/p1/smart-live-rooms/room-1/smart-live-jobs"
LIVES_AT = "GET /v1/p1/smart-live-rooms/room-1/smart-live-jobs"
TASK_AT, TASKS_AT = "POST /v2/p1/services/c-flowcount-cloud/tasks", "GET /v2/p1/tasks"
STUMBLED = Answer(500, {"error_code": "MSS.1", "error_msg": "Internal error."})
GATEWAY = Answer(504, {"error_code": "APIGW.0203", "error_msg": "Backend timeout."})
log = logging.getLogger(__name__)


@pytest.fixture
def server() -> Iterator[ScriptedRest]:
    with scripted_rest() as served:
        served.on(SPEECH_AT, Answer(200, {"job_id": "j1"}))
        yield served


def submission(
    server: ScriptedRest,
    what: tuple[str, dict[str, Any]] = SPEECH,
    *,
    ledger: Ledger | None = None,
    claimed: Collection[str] = (),
    config: Account | None = None,
    prepare: Callable[[], dict[str, Any]] | None = None,
    digest: str = "1:d",
    on_doubt: OnDoubt = "fail",
    patience: timedelta = timedelta(minutes=10),
) -> Submission:
    account = config or Account(
        Credentials("ak", "sk"), project_id="p1", endpoint=server.url, http=HttpSettings(timeout=2)
    )
    action = find(what[0])
    checked, clock = action.check(what[1]), SkippingClock()
    return Submission(
        backend=HuaweiSubmitBackend(Client(account), action, checked),
        ledger=ledger or Ledger(MemoryStore()),
        digest=digest,
        request=prepare or (lambda: checked),
        policy=SubmitPolicy(on_doubt=on_doubt, deadline=clock.now() + timedelta(hours=1), timeout=patience),
        run=AttemptContext(Attempt(1, 3), ScriptedClaims(set(claimed)), log, clock.timing),
    )


def submit(server: ScriptedRest, *arguments: Any, **settings: Any) -> Job:
    """Submit, and return the job."""
    return submission(server, *arguments, **settings).resume_or_submit()[0]


def now(ago: timedelta = timedelta(0)) -> str:
    return (datetime.now(timezone.utc) - ago).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_intent_is_written_before_and_the_job_after(server: ScriptedRest) -> None:
    ledger = Ledger(MemoryStore())

    job = submit(server, ledger=ledger)

    entry = ledger.read()
    assert job == Job("j1", "metastudio.CreateAsyncTtsJob")
    assert entry is not None
    assert (entry.digest, entry.job_id) == ("1:d", "j1")
    assert len(server.requests) == 1


def test_a_live_task_knows_its_room(server: ScriptedRest) -> None:
    server.on(LIVE_AT, Answer(200, {"job_id": "j1"}))

    assert submit(server, LIVE).scope == "room-1"


@pytest.mark.parametrize(
    "refusal", [Answer(429, {}), Answer(400, {"error_code": "APIGW.0308", "error_msg": "Throttled."})]
)
def test_a_refusal_that_passes_is_ridden_out(server: ScriptedRest, refusal: Answer) -> None:
    server.on(SPEECH_AT, refusal, Answer(200, {"job_id": "j1"}))

    assert submit(server).id == "j1"


def test_a_refusal_that_does_not_pass_leaves_the_ledger_clear(server: ScriptedRest) -> None:
    server.on(SPEECH_AT, Answer(400, {"error_code": "TTSC.1", "error_msg": "The text is too long."}))
    ledger = Ledger(MemoryStore())

    with pytest.raises(InvalidRequest):
        submit(server, ledger=ledger)

    assert ledger.read() is None


LOST = pytest.mark.parametrize("fault", [HANG_UP, STUMBLED, GATEWAY, Answer(200, "<html>"), Answer(200, {})])


@LOST
def test_a_lost_answer_is_settled_by_the_list_and_never_by_another_create(
    server: ScriptedRest, fault: Answer
) -> None:
    server.on(SPEECH_AT, fault)
    ours = {"job_id": "j7", "asset_id": "v1", "create_time": now()}
    of_another_voice = {"job_id": "j8", "asset_id": "v2", "create_time": now()}
    earlier = {"job_id": "j6", "asset_id": "v1", "create_time": now(timedelta(hours=8))}
    server.on(SPEECHES_AT, Answer(200, {"data": [ours, of_another_voice, earlier]}))
    ledger = Ledger(MemoryStore())

    assert submit(server, ledger=ledger).id == "j7"

    entry = ledger.read()
    assert entry is not None
    assert entry.job_id == "j7"
    assert len(server.sent(SPEECH_AT)) == 1


def test_nothing_in_two_list_requests_means_that_nothing_was_accepted(server: ScriptedRest) -> None:
    server.on(SPEECH_AT, HANG_UP, Answer(200, {"job_id": "j1"}))
    server.on(SPEECHES_AT, Answer(200, {"data": []}))

    assert submit(server).id == "j1"
    assert len(server.sent(SPEECH_AT)) == 2


@pytest.mark.parametrize("other", [{"audio_format": "MP3"}, {"gen_srt": True}, {"need_timestamp": True}])
def test_speech_in_another_form_is_not_ours(server: ScriptedRest, other: dict[str, Any]) -> None:
    server.on(SPEECH_AT, HANG_UP, Answer(200, {"job_id": "j1"}))
    listed = {"job_id": "j8", "asset_id": "v1", "create_time": now(), **other}
    server.on(SPEECHES_AT, Answer(200, {"data": [listed]}))

    assert submit(server).id == "j1"


def test_a_job_that_others_made_long_after_is_not_ours(server: ScriptedRest) -> None:
    server.on(SPEECHES_AT, Answer(200, {"data": [{"job_id": "j8", "asset_id": "v1", "create_time": now()}]}))
    server.on(SPEECH_AT, Answer(200, {"job_id": "j1"}))
    again = submission(server)
    two_hours_ago = RequestNonce.new().at - timedelta(hours=2)
    again.ledger.record_intent("1:d", RequestNonce("n", two_hours_ago), again.backend.identity(), 1)

    assert again.resume_or_submit()[0].id == "j1"


def test_a_file_that_cannot_be_read_any_more_does_not_matter_to_a_job_that_is_there(
    server: ScriptedRest,
) -> None:
    def gone() -> dict[str, Any]:
        raise InvalidRequest("the picture is gone")

    ledger = Ledger(MemoryStore())
    first = submit(server, ledger=ledger)
    server.on(SPEECH_AT.replace("POST", "GET") + "/j1", Answer(200, {"state": "PROCESSING"}))

    assert submit(server, ledger=ledger, prepare=gone) == first


def test_a_live_task_is_ended_in_the_room_where_it_was_begun(server: ScriptedRest) -> None:
    server.on(LIVE_AT, Answer(200, {"job_id": "j1"}))
    ledger = Ledger(MemoryStore())
    submit(server, LIVE, ledger=ledger)
    server.on(LIVE_AT.replace("room-1", "room-2"), Answer(200, {"job_id": "j2"}))
    stop = "POST /v1/p1/smart-live-rooms/room-1/smart-live-jobs/j1/stop"
    server.on(stop, Answer(200, {}))

    job = submit(server, (LIVE[0], {"room_id": "room-2"}), ledger=ledger, digest="1:another")

    assert len(server.sent(stop)) == 1
    assert job == Job("j2", LIVE[0], "room-2")


def test_jobs_of_other_tasks_are_not_adopted(server: ScriptedRest) -> None:
    server.on(SPEECH_AT, HANG_UP, Answer(200, {"job_id": "j1"}))
    server.on(SPEECHES_AT, Answer(200, {"data": [{"job_id": "j7", "asset_id": "v1", "create_time": now()}]}))

    assert submit(server, claimed={"j7"}).id == "j1"


@pytest.mark.parametrize(
    ("what", "create", "listed", "items"),
    [
        (
            VIDEO,
            VIDEO_AT,
            VIDEOS_AT,
            {
                "jobs": [
                    {"job_id": name, "output_asset_config": {"asset_name": "Spring"}, "create_time": "NOW"}
                    for name in ("j7", "j8")
                ]
            },
        ),
        (
            LIVE,
            LIVE_AT,
            LIVES_AT,
            {
                "smart_live_jobs": [
                    {"job_id": "j7", "create_time": "NOW"},
                    {"job_id": "j8", "create_time": "NOW"},
                ]
            },
        ),
        (
            TASK,
            TASK_AT,
            TASKS_AT,
            {
                "tasks": [
                    {"id": "j7", "name": "gate", "created_at": "NOW"},
                    {"id": "j8", "name": "gate", "created_at": "NOW"},
                ]
            },
        ),
    ],
)
def test_several_candidates_fail_loudly_and_are_named(
    server: ScriptedRest, what: Any, create: str, listed: str, items: dict[str, Any]
) -> None:
    server.on(create, HANG_UP)
    # Filled in here: between collecting tests and running them minutes may pass.
    server.on(listed, Answer(200, json.dumps(items).replace("NOW", now())))
    ledger = Ledger(MemoryStore())

    with pytest.raises(SubmissionInDoubt, match=r"j7.*j8"):
        submit(server, what, ledger=ledger)

    assert ledger.read() is not None
    assert len(server.sent(create)) == 1


@pytest.mark.parametrize("created", [None, "2026-11-20 10:00:00", "yesterday", True])
def test_a_job_of_no_known_time_is_not_taken_for_ours(server: ScriptedRest, created: Any) -> None:
    server.on(TASK_AT, HANG_UP)
    server.on(TASKS_AT, Answer(200, {"tasks": [{"id": "t7", "name": "gate", "created_at": created}]}))

    with pytest.raises(SubmissionInDoubt, match="no readable creation time: t7"):
        submit(server, TASK)


def test_a_response_without_a_list_is_not_taken_for_an_empty_list(server: ScriptedRest) -> None:
    server.on(SPEECH_AT, HANG_UP)
    server.on(SPEECHES_AT, Answer(200, {"count": 0}))

    with pytest.raises(SubmissionInDoubt):
        submit(server)

    assert len(server.sent(SPEECH_AT)) == 1


def test_times_in_milliseconds_are_read_too(server: ScriptedRest) -> None:
    server.on("POST /v1/p1/voice-training-manage/user/basic-jobs", HANG_UP)
    made = int(datetime.now(timezone.utc).timestamp() * 1000)
    listed = [{"job_id": "j7", "voice_name": "Ann", "create_time": made}]
    server.on("GET /v1/p1/voice-training-manage/user/jobs", Answer(200, {"jobs": listed}))

    job = submit(server, ("metastudio.CreateTrainingBasicJob", {"voice_name": "Ann"}))

    assert job.id == "j7"


@pytest.mark.parametrize(
    "other",
    [
        {"output_asset_config": {"asset_name": "Autumn"}},
        {"job_type": "DIGITAL_HUMAN_PHOTO_VIDEO"},
        {"job_type": "PHOTO_DIGITAL_HUMAN_VIDEO"},
        {"script_id": "s2"},
    ],
)
def test_a_video_of_another_name_kind_or_script_is_not_ours(
    server: ScriptedRest, other: dict[str, Any]
) -> None:
    server.on(VIDEO_AT, HANG_UP, Answer(200, {"job_id": "j1"}))
    server.on(VIDEOS_AT, Answer(200, {"jobs": [{"job_id": "j8", "create_time": now(), **other}]}))

    assert submit(server, VIDEO).id == "j1"


def test_without_a_list_of_such_jobs_an_unknown_outcome_fails_the_task(server: ScriptedRest) -> None:
    server.on("POST /v1/p1/subtitle-files", HANG_UP)
    ledger = Ledger(MemoryStore())

    with pytest.raises(SubmissionInDoubt, match="the service has no list of such jobs"):
        submit(server, SUBTITLES, ledger=ledger)

    assert ledger.read() is not None
    assert len(server.requests) == 1


def test_the_author_may_choose_to_pay_twice(server: ScriptedRest) -> None:
    server.on("POST /v1/p1/subtitle-files", HANG_UP, Answer(200, {"job_id": "j2"}))

    assert submit(server, SUBTITLES, on_doubt="resubmit").id == "j2"


def test_that_choice_holds_once_per_attempt(server: ScriptedRest) -> None:
    server.on("POST /v1/p1/subtitle-files", HANG_UP)
    ledger = Ledger(MemoryStore())

    with pytest.raises(SubmissionInDoubt):
        submit(server, SUBTITLES, ledger=ledger, on_doubt="resubmit")

    assert len(server.requests) == 2
    assert ledger.read() is not None


def test_a_list_that_cannot_be_read_settles_nothing(server: ScriptedRest) -> None:
    server.on(SPEECH_AT, HANG_UP)
    server.on(SPEECHES_AT, Answer(403, {"error_code": "APIGW.0302", "error_msg": "Not authorised."}))

    with pytest.raises(SubmissionInDoubt, match="could not be read"):
        submit(server)

    assert len(server.sent(SPEECH_AT)) == 1


def test_a_list_longer_than_one_page_proves_nothing(server: ScriptedRest) -> None:
    server.on(SPEECH_AT, HANG_UP)
    others = [{"job_id": f"j{number}", "asset_id": "v2"} for number in range(100)]
    server.on(SPEECHES_AT, Answer(200, {"data": others}))

    with pytest.raises(SubmissionInDoubt, match="longer than one call"):
        submit(server)


def test_a_list_that_counts_more_than_it_shows_settles_nothing(server: ScriptedRest) -> None:
    server.on(SPEECH_AT, HANG_UP)
    server.on(SPEECHES_AT, Answer(200, {"count": 51, "data": [{"job_id": "j8", "asset_id": "v2"}]}))

    with pytest.raises(SubmissionInDoubt, match="longer than one call"):
        submit(server)


def test_a_file_that_cannot_be_read_now_is_left_to_a_retry(server: ScriptedRest) -> None:
    def unreadable() -> dict[str, Any]:
        raise TransientError("the store is away")

    with pytest.raises(TransientError, match="the store is away"):
        submit(server, prepare=unreadable)

    assert server.requests == []


def test_a_retry_resolves_an_unknown_outcome(server: ScriptedRest) -> None:
    server.on(SPEECH_AT, HANG_UP)
    server.on(SPEECHES_AT, Answer(403, {"error_code": "APIGW.0302", "error_msg": "Not authorised."}))
    ledger = Ledger(MemoryStore())
    with pytest.raises(SubmissionInDoubt):
        submit(server, ledger=ledger)
    server.on(SPEECHES_AT, Answer(200, {"data": [{"job_id": "j7", "asset_id": "v1", "create_time": now()}]}))

    job = submit(server, ledger=ledger)

    assert job == Job("j7", "metastudio.CreateAsyncTtsJob")
    assert len(server.sent(SPEECH_AT)) == 1


def test_several_tasks_of_one_create_keep_the_intent(server: ScriptedRest) -> None:
    server.on(TASK_AT, Answer(200, {"tasks": [{"id": "t1"}, {"id": "t2"}]}))
    ledger = Ledger(MemoryStore())

    with pytest.raises(ServiceError, match="t1, t2"):
        submit(server, TASK, ledger=ledger)

    assert ledger.read() is not None


def test_while_a_project_is_looked_up_nothing_is_in_doubt(server: ScriptedRest) -> None:
    server.on("GET /v3/projects", HANG_UP)
    ledger = Ledger(MemoryStore())
    no_project = Account(Credentials("ak", "sk"), endpoint=server.url, http=HttpSettings(timeout=2))

    with pytest.raises(TransientError):
        submit(server, ledger=ledger, config=no_project, patience=timedelta(seconds=1))

    assert ledger.read() is None
    assert server.sent(SPEECH_AT) == []


@pytest.mark.parametrize(
    ("state", "job_id", "creates"),
    [("PROCESSING", "j1", 1), ("SUCCEED", "j1", 1), ("FAILED", "j2", 2)],
)
def test_a_retry_resumes_the_same_job_unless_that_has_failed(
    server: ScriptedRest, state: str, job_id: str, creates: int
) -> None:
    server.on(SPEECH_AT, Answer(200, {"job_id": "j1"}), Answer(200, {"job_id": "j2"}))
    server.on(f"{SPEECHES_AT.removesuffix('tts-jobs')}async-jobs/j1", Answer(200, {"state": state}))
    ledger = Ledger(MemoryStore())
    submit(server, ledger=ledger)

    job = submit(server, ledger=ledger)

    assert job.id == job_id
    assert len(server.sent(SPEECH_AT)) == creates


@pytest.mark.parametrize(
    "fault",
    [
        *[Answer(status, "<html>Please log in</html>") for status in (400, 403, 404)],
        Answer(400, {"error_code": "MSS.BackendTimeout", "error_msg": "m"}),
        Answer(409, {"code": "REQUEST_TIMED_OUT", "message": "m"}),
        Answer(403, {"code": "ServiceBusy", "message": "m"}),
    ],
)
def test_what_does_not_prove_a_refusal_is_settled_by_the_list(server: ScriptedRest, fault: Answer) -> None:
    server.on(SPEECH_AT, fault, Answer(200, {"job_id": "j9"}))
    server.on(SPEECHES_AT, Answer(200, {"data": [{"job_id": "j7", "asset_id": "v1", "create_time": now()}]}))

    assert submit(server).id == "j7"
    assert len(server.sent(SPEECH_AT)) == 1


@pytest.mark.parametrize("items", [["j7"], [None], [{"asset_id": "v1"}], [{"job_id": "", "asset_id": "v1"}]])
def test_a_listed_job_without_its_id_settles_nothing(server: ScriptedRest, items: list[Any]) -> None:
    server.on(SPEECH_AT, HANG_UP, Answer(200, {"job_id": "j9"}))
    server.on(SPEECHES_AT, Answer(200, {"data": items}))

    with pytest.raises(SubmissionInDoubt):
        submit(server)
    assert len(server.sent(SPEECH_AT)) == 1


def test_a_listed_video_in_an_odd_form_settles_nothing_or_is_ours(server: ScriptedRest) -> None:
    server.on(VIDEO_AT, HANG_UP)
    listed = {"job_id": "j7", "output_asset_config": "Spring", "create_time": now()}
    server.on(VIDEOS_AT, Answer(200, {"jobs": [listed]}))

    assert submit(server, VIDEO).id == "j7"
