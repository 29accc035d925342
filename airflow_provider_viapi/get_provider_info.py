"""Provider metadata that Airflow reads; importing it imports only the connection form, which imports nothing."""

from __future__ import annotations

from typing import Any

from airflow_provider_viapi.hooks.connection_form import (
    CONN_FIELDS,
    HUAWEI_CONN_FIELDS,
    HUAWEI_UI_FIELD_BEHAVIOUR,
    UI_FIELD_BEHAVIOUR,
)

ASSET_URIS: list[dict[str, Any]] = [
    {
        "schemes": ["oss"],
        "handler": "airflow_provider_viapi.media.asset_uris.sanitize_uri",
        "factory": "airflow_provider_viapi.media.asset_uris.create_asset",
        "to_openlineage_converter": "airflow_provider_viapi.media.asset_uris.convert_asset_to_openlineage",
    }
]

CONFIG: dict[str, Any] = {
    "viapi": {
        "description": "Settings of the provider airflow-provider-viapi.",
        "options": {
            "state_path": {
                "description": (
                    "Folder in object storage, or on a volume that all workers share. Each task instance records"
                    " there the job that it submitted, so that a retry resumes that job instead of paying for"
                    " another. Put the connection id before the bucket name. Recommended on every version. Without"
                    " it, on Airflow 2.11 to 3.2 a retry pays again; on 3.4 a cleared task does not find its job,"
                    " unless it is cleared with keep_task_state."
                ),
                "version_added": "0.1.0",
                "type": "string",
                "example": "s3://aws_default@bucket/viapi-state",
                "default": "",
            },
            "models_path": {
                "description": (
                    "JSON file, or folder of JSON files, that describes actions which the provider lacks or which"
                    " have changed. Each process reads it once. See docs/action-models.md."
                ),
                "version_added": "0.1.0",
                "type": "string",
                "example": "/opt/airflow/viapi-models",
                "default": "",
            },
            "quota_url": {
                "description": (
                    "URL of the storage in which all workers and triggerers count their calls, so that together they"
                    " stay within the account's quota. It has the form that the Python library limits uses, such as"
                    " redis://. Install airflow-provider-viapi[quota]. Without this option, the processes of one user"
                    " on one machine share the limit of submissions, and each process limits its own polls. A"
                    " connection's extra field quota_url takes precedence."
                ),
                "version_added": "0.1.0",
                "type": "string",
                "example": "redis://redis:6379/1",
                "sensitive": True,
                "default": "",
            },
            "job_messages_url": {
                "description": (
                    "URL of a channel of Redis, an exchange of RabbitMQ or a topic of Amazon SNS whose messages name"
                    " finished jobs. A message resumes its task at once, and jobs are polled rarely. Each triggerer,"
                    " and each task that waits on its worker, subscribes to it. Install"
                    " airflow-provider-viapi[job-messages], or [sqs] for SNS. See docs/job-messages.md."
                ),
                "version_added": "0.1.0",
                "type": "string",
                "example": "amqp://user:password@rabbitmq:5672/?exchange=viapi-finished",
                "sensitive": True,
                "default": "",
            },
            "job_messages_id_expression": {
                "description": (
                    "JMESPath expression that finds the id of the finished job, or a list of ids, in a message from"
                    " job_messages_url. Messages are JSON."
                ),
                "version_added": "0.1.0",
                "type": "string",
                "example": "data.JobId",
                "default": "data.JobId",
            },
            "check_sources": {
                "description": (
                    "Check the sources of a VIAPI job before it is submitted. The first byte of each http(s) address"
                    " is requested, and the task fails if the server responds with 403, 404 or 410. Videos are opened"
                    " to check their length, size and frame rate. Set it to False if workers may not read what the"
                    " service can read."
                ),
                "version_added": "0.1.0",
                "type": "boolean",
                "example": None,
                "default": "True",
            },
            "state_retention_days": {
                "description": (
                    "Age in days after which objects below state_path may be deleted. About one in a hundred tasks"
                    " deletes the old objects of its DAG. 0: never, for example because a lifecycle rule of the"
                    " bucket deletes them. Must be longer than the longest job_timeout."
                ),
                "version_added": "0.1.0",
                "type": "integer",
                "example": None,
                "default": "30",
            },
            "prices": {
                "description": (
                    "Prices of actions, as JSON. Tasks and their tab in the UI estimate costs from them. Prices"
                    " depend on the account, so none are built in. See docs/ui.md for the format."
                ),
                "version_added": "0.1.0",
                "type": "string",
                "example": (
                    '{"currency": "CNY", "actions": {"videoenhan.EraseVideoSubtitles": {"per_minute": {"720p": 1}}}}'
                ),
                "default": "",
            },
            "result_retention_days": {
                "description": (
                    "Age in days after which records of landed results below state_path are deleted. A task that"
                    " lands a result deletes them. 0: never. A task with reuse_results does not find older records."
                ),
                "version_added": "0.1.0",
                "type": "integer",
                "example": None,
                "default": "365",
            },
        },
    }
}


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata, in the form of Airflow's ``provider.yaml`` schema."""
    package = "airflow_provider_viapi"
    return {
        "package-name": "airflow-provider-viapi",
        "name": "Alibaba Cloud VIAPI",
        "description": "Media jobs and image search on Alibaba Cloud VIAPI; avatars and video tasks on Huawei Cloud.",
        "integrations": [
            {
                "integration-name": "Alibaba Cloud VIAPI",
                "external-doc-url": "https://www.alibabacloud.com/product/viapi",
                "tags": ["service"],
            },
            {
                "integration-name": "Huawei Cloud",
                "external-doc-url": "https://support.huaweicloud.com/intl/en-us/",
                "tags": ["service"],
            },
        ],
        "hooks": [
            {"integration-name": "Alibaba Cloud VIAPI", "python-modules": [f"{package}.hooks.viapi"]},
            {"integration-name": "Huawei Cloud", "python-modules": [f"{package}.hooks.huaweicloud"]},
        ],
        "operators": [
            {
                "integration-name": "Alibaba Cloud VIAPI",
                "python-modules": [
                    f"{package}.operators.viapi",
                    f"{package}.operators.batch",
                    f"{package}.operators.videoenhan",
                    f"{package}.operators.imgsearch",
                    f"{package}.operators.image_index",
                    f"{package}.operators.bulk_image_index",
                    f"{package}.operators.videorecog",
                    f"{package}.operators.videoseg",
                    f"{package}.operators.imageenhan",
                    f"{package}.operators.imagesearch",
                    f"{package}.operators.imageseg",
                    f"{package}.operators.imagerecog",
                    f"{package}.operators.objectdet",
                    f"{package}.operators.ocr",
                    f"{package}.operators.facebody",
                    f"{package}.operators.imageaudit",
                    f"{package}.operators.quality",
                ],
            },
            {
                "integration-name": "Huawei Cloud",
                "python-modules": [
                    f"{package}.operators.huaweicloud",
                    f"{package}.operators.metastudio",
                    f"{package}.operators.vias",
                ],
            },
        ],
        "sensors": [
            {"integration-name": "Alibaba Cloud VIAPI", "python-modules": [f"{package}.sensors.viapi"]},
            {
                "integration-name": "Huawei Cloud",
                "python-modules": [f"{package}.sensors.huaweicloud", f"{package}.sensors.vias_alarms"],
            },
        ],
        "transfers": [
            {
                "source-integration-name": "Alibaba Cloud VIAPI",
                "target-integration-name": "Common IO",
                "python-module": f"{package}.transfers.viapi_to_object_storage",
            },
            {
                "source-integration-name": "Common IO",
                "target-integration-name": "Alibaba Cloud VIAPI",
                "python-module": f"{package}.transfers.object_storage_to_viapi",
            },
        ],
        "filesystems": [f"{package}.fs.oss"],
        "asset-uris": ASSET_URIS,
        # The name that Airflow 2 reads.
        "dataset-uris": ASSET_URIS,
        "config": CONFIG,
        "extra-links": [
            f"{package}.links.job.ViapiJobLink",
            f"{package}.links.job.HuaweiCloudJobLink",
            f"{package}.links.job.ResultLink",
        ],
        "triggers": [
            {
                "integration-name": "Alibaba Cloud VIAPI",
                "python-modules": [
                    f"{package}.triggers.batch",
                    f"{package}.triggers.job",
                    f"{package}.triggers.finished_jobs",
                    f"{package}.triggers.new_files",
                ],
            },
            {
                "integration-name": "Huawei Cloud",
                "python-modules": [
                    f"{package}.triggers.batch",
                    f"{package}.triggers.job",
                    f"{package}.triggers.vias_alarms",
                ],
            },
        ],
        "connection-types": [
            {
                "connection-type": "viapi",
                "hook-class-name": f"{package}.hooks.viapi.ViapiHook",
                "hook-name": "Alibaba Cloud VIAPI",
                "ui-field-behaviour": UI_FIELD_BEHAVIOUR,
                "conn-fields": CONN_FIELDS,
            },
            {
                "connection-type": "huaweicloud",
                "hook-class-name": f"{package}.hooks.huaweicloud.HuaweiCloudHook",
                "hook-name": "Huawei Cloud",
                "ui-field-behaviour": HUAWEI_UI_FIELD_BEHAVIOUR,
                "conn-fields": HUAWEI_CONN_FIELDS,
            },
        ],
    }
