"""The instance itself, and its tasks: bulk changes and exports."""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import ResultField
from airflow_provider_viapi.alibaba.parameters import INT64, Integer, String, Url
from airflow_provider_viapi.alibaba.services.imagesearch.service import action

_TASK_STATES = "PROCESSING, FAIL or SUCCESS."
_PAGE = (
    ResultField("PageNumber", "integer"),
    ResultField("PageSize", "integer"),
    ResultField("TotalCount", "integer", "Number of bulk jobs or exports."),
)
_TASK_TIMES = (
    ResultField("Status", doc=_TASK_STATES),
    ResultField("UtcCreate", doc="Milliseconds since 1970."),
    ResultField("UtcModified", "integer", "Milliseconds since 1970."),
)

DETAIL = action(
    "Detail",
    "Return kind, capacity and number of images of an instance.",
    in_query=True,
    result=(
        ResultField(
            "Instance",
            "object",
            "The instance.",
            (
                ResultField("Capacity", "integer", "Largest number of images, in ten thousands."),
                ResultField("Name"),
                ResultField("Qps", "integer", "Calls per second that were bought."),
                ResultField("Region"),
                ResultField(
                    "ServiceType",
                    "integer",
                    "0: products, 1: generic, 2: fabrics, 3 and 7: trademarks, 4: copyright, 5: furniture, "
                    "6: hardware.",
                ),
                ResultField("TotalCount", "integer", "Number of images."),
                ResultField("UtcCreate", doc="Milliseconds since 1970."),
                ResultField("UtcExpireTime", doc="Milliseconds since 1970."),
            ),
        ),
    ),
)

META_FILE = "increment.meta"
"""Name of the file with the list of a bulk job."""

_PATH = String(
    name="Path",
    max_length=1023,
    pattern=r"/[^/]+(/[^/]+)*",
    characters="it begins with a slash and does not end with one",
    doc=f"Absolute path, in the bucket, of the file {META_FILE}.",
)

INCREASE_INSTANCE = action(
    "IncreaseInstance",
    f"Start a bulk job, which adds and deletes the images that a file {META_FILE} in OSS lists; one at a time.",
    String(
        name="BucketName",
        required=True,
        min_length=3,
        max_length=63,
        pattern="[a-z0-9][a-z0-9-]*[a-z0-9]",
        characters="a to z, 0 to 9 and -",
        doc="Bucket in the region of the instance.",
    ),
    _PATH.replace(required=True, min_length=2),
    Url(
        name="CallbackAddress",
        doc="URL that the service calls about the bulk job; the form of the call is not documented.",
    ),
    result=(
        ResultField("Id", doc="Id of the bulk job."),
        ResultField("IncrementStatus", doc=_TASK_STATES),
    ),
    result_in_body=False,
    idempotent=False,
    in_query=True,
)

INCREASE_LIST = action(
    "IncreaseList",
    "List the bulk jobs of an instance and their states.",
    Integer(name="Id", minimum=0, maximum=INT64, doc="Id of one bulk job."),
    String(name="BucketName", max_length=63, doc="Only bulk jobs of this bucket."),
    _PATH.replace(doc=f"Only bulk jobs of the file {META_FILE} at this absolute path."),
    Integer(name="PageNumber", minimum=1, default=1, doc="Number of the page."),
    Integer(
        name="PageSize", minimum=1, default=10, doc="Bulk jobs on a page; the maximum is not documented."
    ),
    result=(
        ResultField(
            "Increments",
            "object",
            "The bulk jobs.",
            (
                ResultField(
                    "Instance",
                    "list",
                    "The bulk jobs.",
                    (
                        ResultField("BucketName"),
                        ResultField("CallbackAddress"),
                        ResultField("Code", doc="0 for success."),
                        ResultField("ErrorUrl", "file", "Report of the rows that failed.", optional=True),
                        ResultField("Id", "integer"),
                        ResultField("Msg"),
                        ResultField("Path"),
                        *_TASK_TIMES,
                    ),
                ),
            ),
        ),
        *_PAGE,
    ),
    result_in_body=False,
    in_query=True,
)

DUMP_META = action(
    "DumpMeta",
    "Export the list of all images of an instance to a file.",
    result=(
        ResultField("DumpMetaStatus", doc=_TASK_STATES),
        ResultField("Id", doc="Id of the export."),
    ),
    result_in_body=False,
    idempotent=False,
    in_query=True,
)

DUMP_META_LIST = action(
    "DumpMetaList",
    "List the exports of an instance and their states.",
    Integer(name="Id", minimum=0, maximum=INT64, doc="Id of one export."),
    Integer(name="PageNumber", minimum=1, maximum=30, default=1, doc="Number of the page."),
    Integer(name="PageSize", minimum=1, maximum=30, default=10, doc="Exports on a page."),
    result=(
        ResultField(
            "DumpMetaList",
            "list",
            "The exports.",
            (
                ResultField("Code", doc="0 for success."),
                ResultField("Id", "integer"),
                ResultField(
                    "MetaUrl",
                    "file",
                    "File with the list of images; the link is valid for two hours.",
                    optional=True,
                ),
                ResultField("Msg"),
                *_TASK_TIMES,
            ),
        ),
        *_PAGE,
    ),
    result_in_body=False,
    in_query=True,
)
