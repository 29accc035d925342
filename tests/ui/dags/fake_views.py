"""Tasks that publish what the emulator cannot produce at once: long batches, other services, and hostile values."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, get_current_context, task

ITEMS = 10_000
SCRIPT = '<img src=x onerror="parent.stolen=1"><script>parent.stolen=1</script>'


def view(**fields: Any) -> dict[str, Any]:
    return {"version": 1, "action": "videoenhan.EraseVideoSubtitles", "sources": [], "files": [], **fields}


with DAG("fake_views", schedule=None, params={"base": "", "plain": "", "files": {}}):

    @task
    def hostile() -> dict[str, Any]:
        push = get_current_context()["ti"].xcom_push
        push(key="job_link", value="javascript:parent.stolen=1")
        push(
            key="viapi_view",
            value=view(
                action=SCRIPT,
                job_id=SCRIPT,
                sources=[
                    {"parameter": "VideoUrl", "address": "javascript:parent.stolen=1"},
                    {"parameter": SCRIPT, "address": f"https://media.test/{SCRIPT}.mp4"},
                ],
                files=[{"key": "VideoUrl", "address": "data:text/html,<script>parent.stolen=1</script>"}],
                states={SCRIPT: "2026-01-01T00:00:00+00:00"},
                timeline={"submitted": "2026-01-01T00:00:00+00:00", SCRIPT: "2026-01-01T00:00:01+00:00"},
                error={"class": SCRIPT, "code": SCRIPT, "message": SCRIPT},
                usage="no usage",
            ),
        )
        return {"VideoUrl": "javascript:parent.stolen=1", SCRIPT: SCRIPT}

    @task
    def malformed() -> list[Any]:
        push = get_current_context()["ti"].xcom_push
        push(key="viapi_view", value=[1, None, {"files": 5}])
        push(key="items_0", value={"count": "many", "rows": [None, {"index": -1}]})
        push(key="progress", value={"done": "x"})
        push(key="summary", value=[])
        return [None]

    @task
    def ten_thousand() -> None:
        push = get_current_context()["ti"].xcom_push
        head = {"version": 1, "action": "videoenhan.EraseVideoSubtitles", "count": ITEMS, "done_before": 0}
        head["began"] = "2026-01-01T00:00:00+00:00"
        error = {"class": "JobFailed", "code": "InvalidFile.Decode", "message": "the file cannot be decoded"}
        for page in range(10):
            rows = [
                {
                    "index": index,
                    "name": f"film-{index:05}.mp4",
                    "job_id": f"job-{index:05}",
                    "state": "PROCESS_FAILED" if index % 97 == 0 else "PROCESS_SUCCESS",
                    "file": f"s3://media/out/film-{index:05}.mp4",
                    "error": error if index % 97 == 0 else None,
                    "seconds": None if index % 97 == 0 else 12.5,
                    "cost": None,
                }
                for index in range(page * 1000, page * 1000 + (1000 if page < 9 else 600))
            ]
            running = [
                {"index": 9600 + n, "job_id": f"job-{9600 + n}", "name": f"film-{9600 + n:05}.mp4"}
                for n in range(100)
            ]
            push(key=f"items_{page}", value={**head, "rows": rows, "running": running if page == 9 else []})
        push(key="progress", value={"done": 9501, "failed": 99, "running": 100, "left": 300})

    @task
    def pictures() -> dict[str, Any]:
        context = get_current_context()
        base = context["params"]["base"]
        context["ti"].xcom_push(
            key="viapi_view",
            value=view(
                action="imageenhan.RecolorImage",
                job_id="job-1",
                sources=[{"parameter": "Url", "address": f"{base}/before.jpg"}],
                files=[
                    {"key": "ImageUrl", "address": f"{base}/after.jpg", "expires_at": None, "landed": None}
                ],
            ),
        )
        return {"ImageUrl": f"{base}/after.jpg"}

    @task
    def avatar() -> dict[str, Any]:
        context = get_current_context()
        base = context["params"]["base"]
        context["ti"].xcom_push(
            key="viapi_view",
            value=view(
                action="metastudio.Create2dDigitalHumanVideo",
                job_id="job-2",
                files=[
                    {"key": "audio_url", "address": f"{base}/speech.wav"},
                    {"key": "video_url", "address": f"{base}/film.mp4"},
                ],
            ),
        )
        return {"video_url": f"{base}/film.mp4", "audio_url": f"{base}/speech.wav", "state": "SUCCEED"}

    @task
    def expired() -> dict[str, Any]:
        context = get_current_context()
        base = context["params"]["base"]
        link = f"{base}/film.mp4?Expires=1767225600&OSSAccessKeyId=k&Signature=s"
        context["ti"].xcom_push(
            key="viapi_view",
            value=view(
                job_id="job-3",
                sources=[{"parameter": "VideoUrl", "address": f"{base}/film.mp4"}],
                files=[{"key": "VideoUrl", "address": f"{base}/film.mp4?Expires=***"}],
            ),
        )
        return {"VideoUrl": link}

    @task
    def unplayable() -> dict[str, Any]:
        context = get_current_context()
        base = context["params"]["base"]
        context["ti"].xcom_push(
            key="viapi_view",
            value=view(
                job_id="job-4",
                sources=[{"parameter": "VideoUrl", "address": f"{base}/film.mp4"}],
                files=[{"key": "VideoUrl", "address": f"{base}/letter.mp4"}],
            ),
        )
        return {"VideoUrl": f"{base}/letter.mp4"}

    @task
    def unknown_codec() -> dict[str, Any]:
        context = get_current_context()
        base = context["params"]["base"]
        context["ti"].xcom_push(
            key="viapi_view",
            value=view(
                job_id="job-6",
                sources=[{"parameter": "VideoUrl", "address": f"{base}/film.mp4"}],
                files=[{"key": "VideoUrl", "address": f"{base}/old.mp4"}],
            ),
        )
        return {"VideoUrl": f"{base}/old.mp4"}

    @task
    def unseekable() -> dict[str, Any]:
        context = get_current_context()
        params = context["params"]
        context["ti"].xcom_push(
            key="viapi_view",
            value=view(
                job_id="job-5",
                sources=[{"parameter": "VideoUrl", "address": f"{params['plain']}/film.mp4"}],
                files=[{"key": "VideoUrl", "address": f"{params['base']}/film.mp4"}],
            ),
        )
        return {"VideoUrl": f"{params['base']}/film.mp4"}

    @task
    def other() -> str:
        return "not a media task"

    hostile()
    malformed()
    ten_thousand()
    pictures()
    avatar()
    expired()
    unplayable()
    unknown_codec()
    unseekable()
    other()

with DAG("hidden_from_viewers", schedule=None):

    @task
    def secret() -> dict[str, Any]:
        get_current_context()["ti"].xcom_push(key="viapi_view", value=view(job_id="hidden-job"))
        return {"name": "hidden"}

    secret()
