"""Erase a video's subtitles, check the result, and publish it, or ask an editor first if the check fails.

The editor sees the report in the form of the approval task, which needs Airflow 3.1 or later. On older ones a video
that does not pass fails its task.
"""

from __future__ import annotations

from airflow import __version__
from airflow.providers.common.compat.sdk import DAG, ObjectStoragePath, Param, task

from airflow_provider_viapi.operators.quality import MediaQualityCheckOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator

# Before 3.1 the import fails, with an error that depends on the version of the standard provider.
HAS_APPROVAL = tuple(int(part) for part in __version__.split(".")[:2]) >= (3, 1)
if HAS_APPROVAL:
    from airflow.providers.standard.operators.hitl import ApprovalOperator

REPORT = """
{% set report = ti.xcom_pull(task_ids="check") %}
{% for sentence in report["failures"] %}
* {{ sentence }}
{% endfor %}

Video: {{ ti.xcom_pull(task_ids="erase", key="landed.VideoUrl") }}
"""

with DAG(
    dag_id="erase_check_publish",
    description="Erase subtitles, check the result, publish it or ask an editor",
    tags=["viapi", "video", "quality"],
    schedule=None,
    params={
        "video_url": Param(type="string", description="A video with subtitles, in any storage"),
        "review": Param(type="string", description="Folder for results, such as s3://media/review/"),
        "published": Param(type="string", description="Folder for what is published"),
    },
    doc_md=__doc__,
):
    erase = EraseVideoSubtitlesOperator(
        task_id="erase",
        video_url="{{ params.video_url }}",
        by=0.75,
        bh=0.25,
        land_to="{{ params.review }}",
        deferrable=True,
    )
    check = MediaQualityCheckOperator(
        task_id="check",
        source=erase.landed["VideoUrl"],
        before="{{ params.video_url }}",
        # The band with the subtitles is to change; the rest of the picture is not.
        band=(0, 0.75, 1, 0.25),
        min_ssim=0.9,
        max_black=0.2,
        max_frozen=10,
        video_codecs=["h264"],
        **({"pass_task_ids": "publish", "fail_task_ids": "ask_editor"} if HAS_APPROVAL else {}),
    )

    @task(trigger_rule="none_failed_min_one_success")
    def publish(video: str, folder: str) -> str:
        target = ObjectStoragePath(folder) / video.rpartition("/")[2]
        ObjectStoragePath(video).copy(target)
        return str(target)

    published = publish(erase.landed["VideoUrl"], "{{ params.published }}")
    check >> published

    if HAS_APPROVAL:
        ask_editor = ApprovalOperator(
            task_id="ask_editor",
            subject="Publish a video that did not pass the quality check?",
            body=REPORT,
            # A rejection skips what follows, so that the run ends without an error.
            fail_on_reject=False,
        )
        check >> ask_editor >> published
