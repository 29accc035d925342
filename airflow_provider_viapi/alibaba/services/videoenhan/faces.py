"""Actions that replace faces; use them only with the consent of the people shown."""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Needed, ResultField
from airflow_provider_viapi.alibaba.parameters import Boolean, Choice, Integer, ListOf, Media, String
from airflow_provider_viapi.alibaba.services.videoenhan.service import action, output, source
from airflow_provider_viapi.media_limits import MB, MediaLimits

_CLIP = MediaLimits(
    formats=("mp4", "avi", "mkv", "mov", "flv", "ts", "mpg"), max_bytes=120 * MB, constant_frame_rate=True
)
_FACE_LIMITS = (
    MediaLimits(formats=("jpeg", "png"), max_bytes=20 * MB, min_pixels=(128, 128), max_pixels=(4000, 4000)),
)
_FACE = _FACE_LIMITS[0].description

_MARK = (
    Boolean(name="AddWatermark", doc="Mark the video as generated.", default=True),
    Boolean(name="Enhance", doc="Beautify the face.", default=False),
    Choice(
        name="WatermarkType",
        choices=("EN", "CN"),
        doc="Language of the watermark.",
        default="EN",
    ),
)

_FACE_INFOS = ResultField(
    "FaceInfos",
    "list",
    "Faces of a template for several people.",
    fields=(
        ResultField("TemplateFaceID", doc="Id of the face in the template."),
        ResultField("TemplateFaceURL", "file", "Image of the face."),
    ),
)


def _template(doc: str, *, required: bool = True) -> String:
    return String(name="TemplateId", required=required, min_length=1, doc=doc)


MERGE_VIDEO_FACE = action(
    name="MergeVideoFace",
    summary="Replace the largest face in a video.",
    parameters=(
        source(
            _CLIP.replace(max_seconds=300, min_pixels=(360, 360), max_pixels=(1920, 1920), exclusive=True),
            name="VideoURL",
        ),
        Media(
            name="ReferenceURL",
            required=True,
            doc=f"Image of the new face: {_FACE}.",
            limits=_FACE_LIMITS,
        ),
        *_MARK,
    ),
    result=(output("VideoURL"),),
    is_job=True,
    generations=("2025",),
    note="Accounts that activated it before 2024-07-17 need permission from Alibaba.",
)

MERGE_VIDEO_MODEL_FACE = action(
    name="MergeVideoModelFace",
    summary="Replace the faces of a template.",
    parameters=(
        _template("Id of the template, from AddFaceVideoTemplate."),
        Media(
            name="FaceImageURL",
            doc=f"Image of the new face, for a template of one person: {_FACE}.",
            limits=_FACE_LIMITS,
        ),
        *_MARK,
        ListOf(
            name="MergeInfos",
            fields=(
                String(
                    name="TemplateFaceID",
                    min_length=1,
                    doc="Id of a face in the template, each once; takes precedence over TemplateFaceURL.",
                ),
                Media(name="TemplateFaceURL", doc="Image of that face, instead of its id."),
                Media(name="ImageURL", doc=f"Image of the new face: {_FACE}.", limits=_FACE_LIMITS),
            ),
            max_items=100,
            doc="Faces to replace, for a template of several people.",
        ),
    ),
    needed=(Needed(when=("MergeInfos", None), names=("FaceImageURL",)),),
    result=(output("VideoURL"),),
    is_job=True,
    generations=("2025",),
    note="For company accounts; those that activated it before 2024-07-17 need permission from Alibaba.",
)

ADD_FACE_VIDEO_TEMPLATE = action(
    name="AddFaceVideoTemplate",
    summary="Store a video as a template for MergeVideoModelFace; an account has at most 3,000 templates.",
    parameters=(
        source(
            _CLIP.replace(min_pixels=(320, 320), max_pixels=(1920, 1920)),
            name="VideoURL",
            extra=", at most six people",
        ),
        Choice(
            name="VideoScene",
            choices=("single", "multi"),
            doc="single: replace one person; multi: replace several.",
            default="single",
        ),
    ),
    result=(
        ResultField("TemplateId", doc="Id of the template."),
        _FACE_INFOS,
        ResultField("TransResult", "file", "Positions of the faces, a NumPy file."),
    ),
    is_job=True,
    generations=("2025",),
    note="For company accounts. In the metadata the key of the result is Date instead of Data.",
)

QUERY_FACE_VIDEO_TEMPLATE = action(
    name="QueryFaceVideoTemplate",
    summary="List one page of the account's templates, or one template.",
    parameters=(
        _template("Id of the one template to return.", required=False),
        Integer(name="PageNo", minimum=1, maximum=5000, doc="Number of the page, from 1.", default=1),
        Integer(name="PageSize", minimum=1, maximum=500, doc="Templates on a page.", default=100),
    ),
    result=(
        ResultField("Total", "integer", "Number of templates."),
        ResultField(
            "Elements",
            "list",
            "Templates.",
            fields=(
                ResultField("TemplateId"),
                ResultField("TemplateURL", "file", "Video of the template."),
                ResultField("UserId"),
                ResultField(
                    "CreateTime",
                    doc="Creation time, such as 2021-09-06 15:17:19; the documents name no time zone.",
                ),
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

DELETE_FACE_VIDEO_TEMPLATE = action(
    name="DeleteFaceVideoTemplate",
    summary="Delete a template.",
    parameters=(_template("Id of the template."),),
    idempotent=True,
    generations=("2025",),
    note="For company accounts. The response for a template that does not exist is not documented.",
)
