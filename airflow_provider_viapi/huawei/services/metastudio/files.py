"""Files of assets: announced, put where the response says, confirmed."""

from __future__ import annotations

from airflow_provider_viapi.huawei.services.metastudio.service import action, choice, integer, names, text

_NAME = text("file_name", "Name of the file, not case-sensitive.", required=True, max_length=256)
_TYPE = text("file_type", "Type of the file, usually the extension of its name.", required=True)

CREATE_FILE = action(
    name="CreateFile",
    summary="Announce a file of up to 5 GB; the response contains the URL for the upload.",
    method="POST",
    path="/v1/{project_id}/files",
    in_body=(
        _NAME,
        text("file_md5", "MD5 of the content, in Base64.", required=True),
        integer("file_size", "Size in bytes.", required=True, minimum=1, maximum=5 * 2**30),
        _TYPE.replace(max_length=64),
        text("asset_id", "Id of the asset.", required=True),
        choice(
            "asset_file_category",
            ("MAIN", "COVER", "PAGE", "SAMPLE", "OTHER", "TEMPORARY", "PACKAGE"),
            "Role of the file in the asset.",
            required=True,
        ),
    ),
    response_fields=names("file_id upload_url"),
)

CREATE_LARGE_FILE = action(
    name="CreateLargeFile",
    summary="Announce a file that is uploaded in parts.",
    method="POST",
    path="/v1/{project_id}/large-files",
    in_body=(
        _NAME,
        integer("file_size", "Size in bytes.", minimum=1, maximum=536_870_912_000),
        _TYPE,
        text("asset_id", "Id of the asset.", required=True),
        choice(
            "asset_file_category",
            ("MAIN", "OTHER", "PACKAGE"),
            "Role of the file in the asset.",
            required=True,
        ),
        integer("file_multipart_count", "Number of parts of the upload.", minimum=1),
    ),
    response_fields=names("file_id upload_urls"),
)

DELETE_FILE = action(
    name="DeleteFile",
    summary="Delete a file of an asset.",
    method="DELETE",
    path="/v1/{project_id}/files/{file_id}",
    in_path=(text("file_id", "Id of the file.", required=True),),
)

CONFIRM_FILE_UPLOAD = action(
    name="ConfirmFileUpload",
    summary="Report that a file was uploaded, or that it was not.",
    method="POST",
    path="/v1/{project_id}/files/{file_id}/complete",
    in_path=(text("file_id", "Id of the file.", required=True),),
    in_body=(choice("state", ("CREATED", "FAILED", "CANCELLED"), "State of the upload.", required=True),),
)
