"""Service openplatform, version 2019-12-19: a place for a file that a call of another service is to read.

What is here is what Alibaba's SDKs of late 2025 do for their requests with a file (``...Advance``).
"""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Action, ResultField, Service
from airflow_provider_viapi.alibaba.parameters import String

SERVICE = Service("openplatform", "2019-12-19", regional=False)

AUTHORIZE_FILE_UPLOAD = Action(
    service=SERVICE,
    name="AuthorizeFileUpload",
    summary="A place for a file that a call is to read, and the right to upload it there by a form.",
    parameters=(
        String(name="Product", required=True, min_length=1, doc="The service that is to read it."),
        String(name="RegionId", doc="The region of that service."),
    ),
    result=(
        ResultField("AccessKeyId", doc="Goes into the form."),
        ResultField("Bucket", doc="First part of the host that the form goes to."),
        ResultField("Endpoint", doc="The rest of that host."),
        ResultField("ObjectKey", doc="Where the file will lie in the bucket."),
        ResultField("EncodedPolicy", doc="What may be uploaded until when; goes into the form."),
        ResultField("Signature", doc="Goes into the form."),
        ResultField("UseAccelerate", "boolean"),
    ),
    idempotent=True,
    generations=("2025",),
    note="Its answer has no Data: the fields stand beside the RequestId. How long a file is kept is not documented.",
)
