"""Actions that put one face in the place of another; only with the consent of those whose faces they are."""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Action, ResultField
from airflow_provider_viapi.alibaba.parameters import (
    MB,
    Boolean,
    Choice,
    Integer,
    ListOf,
    Media,
    MediaLimits,
    String,
)
from airflow_provider_viapi.alibaba.services.videoenhan.service import SERVICE, made, source

_CLIP = "MP4, AVI, MKV, MOV, FLV, TS or MPG of a constant frame rate, at most 120 MB"
_CLIP_LIMITS = MediaLimits(formats=("mp4", "avi", "mkv", "mov", "flv", "ts", "mpg"), max_bytes=120 * MB)
_FACE = "JPEG or PNG, at most 20 MB, each side from 128 to 4000 pixels"
_FACE_LIMITS = (MediaLimits(formats=("jpeg", "png"), max_bytes=20 * MB, min_side=128, max_side=4000),)

_MARK = (
    Boolean(name="AddWatermark", doc="Whether the video says that it was made by a machine.", default=True),
    Boolean(name="Enhance", doc="Whether the face is made prettier.", default=False),
    Choice(
        name="WatermarkType",
        choices=("EN", "CN"),
        doc="Language of the watermark, English or Chinese.",
        default="EN",
    ),
)

_FACE_INFOS = ResultField(
    "FaceInfos",
    "list",
    "The faces of a template for several people.",
    fields=(
        ResultField("TemplateFaceID", doc="Id of the face in the template."),
        ResultField("TemplateFaceURL", "file", "Its picture."),
    ),
)


def _template(doc: str, *, required: bool = True) -> String:
    return String(name="TemplateId", required=required, min_length=1, doc=doc)


MERGE_VIDEO_FACE = Action(
    service=SERVICE,
    name="MergeVideoFace",
    summary="Put a face in the place of the largest one in a video.",
    parameters=(
        source(
            f"{_CLIP} and 300 seconds, more than 360×360 and less than 1920×1920 pixels",
            _CLIP_LIMITS,
            name="VideoURL",
        ),
        Media(
            name="ReferenceURL",
            required=True,
            doc=f"The face that is put in: {_FACE}.",
            limits=_FACE_LIMITS,
        ),
        *_MARK,
    ),
    result=(made("VideoURL"),),
    is_job=True,
    generations=("2025",),
    note="Accounts that had opened it before 2024-07-17 have to be allowed by Alibaba.",
)

MERGE_VIDEO_MODEL_FACE = Action(
    service=SERVICE,
    name="MergeVideoModelFace",
    summary="Put faces in the place of those in a template.",
    parameters=(
        _template("The template, from AddFaceVideoTemplate."),
        Media(
            name="FaceImageURL",
            doc=f"The face that is put in, of a template for one person: {_FACE}.",
            limits=_FACE_LIMITS,
        ),
        *_MARK,
        ListOf(
            name="MergeInfos",
            fields=(
                String(
                    name="TemplateFaceID",
                    min_length=1,
                    doc="Id of a face in the template; each only once. It goes before TemplateFaceURL.",
                ),
                Media(name="TemplateFaceURL", doc="Or a picture of that face."),
                Media(name="ImageURL", doc=f"The face that is put in: {_FACE}.", limits=_FACE_LIMITS),
            ),
            max_items=100,
            doc="Which face becomes which, of a template for several people.",
        ),
    ),
    result=(made("VideoURL"),),
    is_job=True,
    generations=("2025",),
    note="For company accounts; those that had opened it before 2024-07-17 have to be allowed by Alibaba.",
)

ADD_FACE_VIDEO_TEMPLATE = Action(
    service=SERVICE,
    name="AddFaceVideoTemplate",
    summary="Keep a video as a template for MergeVideoModelFace; an account has at most 3,000.",
    parameters=(
        source(
            f"{_CLIP}, 320×320 to 1920×1920 pixels, at most six people",
            _CLIP_LIMITS,
            name="VideoURL",
        ),
        Choice(
            name="VideoScene",
            choices=("single", "multi"),
            doc="Whether one person or several are to be replaced.",
            default="single",
        ),
    ),
    result=(
        ResultField("TemplateId", doc="Id of the template."),
        _FACE_INFOS,
        ResultField("TransResult", "file", "Matrices of where the faces are, a NumPy file."),
    ),
    is_job=True,
    generations=("2025",),
    note="For company accounts. In the metadata the result stands under the key Date instead of Data.",
)

QUERY_FACE_VIDEO_TEMPLATE = Action(
    service=SERVICE,
    name="QueryFaceVideoTemplate",
    summary="The account's templates, a page of them or one.",
    parameters=(
        _template("Only this template.", required=False),
        Integer(name="PageNo", minimum=1, maximum=5000, doc="Which page, counted from 1.", default=1),
        Integer(name="PageSize", minimum=1, maximum=500, doc="Templates on a page.", default=100),
    ),
    result=(
        ResultField("Total", "integer", "How many templates there are."),
        ResultField(
            "Elements",
            "list",
            "The templates.",
            fields=(
                ResultField("TemplateId"),
                ResultField("TemplateURL", "file", "The video."),
                ResultField("UserId"),
                ResultField("CreateTime", doc="As 2021-09-06 15:17:19; the documents name no time zone."),
                ResultField("UpdateTime"),
                _FACE_INFOS,
            ),
        ),
    ),
    idempotent=True,
    in_query=True,
    generations=("2025",),
    note="For company accounts.",
)

DELETE_FACE_VIDEO_TEMPLATE = Action(
    service=SERVICE,
    name="DeleteFaceVideoTemplate",
    summary="Delete a template.",
    parameters=(_template("The template."),),
    idempotent=True,
    generations=("2025",),
    note="For company accounts. What it answers when there is no such template is not documented.",
)
