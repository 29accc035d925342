"""Service openplatform, version 2019-12-19: temporary storage for files that another service is to read.

From Alibaba's SDKs of late 2025, which use it for requests with a local file (``...Advance``).
"""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Action, ResultField, Service
from airflow_provider_viapi.alibaba.parameters import String

SERVICE = Service(name="openplatform", version="2019-12-19", regional=False)

AUTHORIZE_FILE_UPLOAD = Action(
    service=SERVICE,
    name="AuthorizeFileUpload",
    summary="Grant one form upload of a file to temporary storage that a service can read.",
    parameters=(
        String(name="Product", required=True, min_length=1, doc="Service that reads the file."),
        String(name="RegionId", doc="Region of that service."),
    ),
    result=(
        ResultField("AccessKeyId", doc="Field of the upload form."),
        ResultField("Bucket", doc="First part of the host of the form's URL."),
        ResultField("Endpoint", doc="Rest of that host."),
        ResultField("ObjectKey", doc="Key of the file in the bucket; a field of the upload form."),
        ResultField(
            "EncodedPolicy", doc="Policy: what may be uploaded and until when; a field of the upload form."
        ),
        ResultField("Signature", doc="Field of the upload form."),
        ResultField("UseAccelerate", "boolean"),
    ),
    idempotent=True,
    generations=("2025",),
    note=(
        "The response has no Data: its fields are beside the RequestId. The lifetime of an uploaded file is not "
        "documented. The documents of 2020 state it only for files uploaded while debugging in the console: valid "
        "for 1 hour, deleted within 24 hours. Do not rely on a longer one."
    ),
)
