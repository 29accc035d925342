"""Operators that replace faces; use them only with the consent of the people shown. From the metadata of 2025."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from airflow_provider_viapi.alibaba.services.videoenhan import faces
from airflow_provider_viapi.operators.viapi import ViapiJobOperator, ViapiOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import XComArg
    from typing_extensions import Unpack

    from airflow_provider_viapi.operators.arguments.options import (
        Address,
        Flag,
        Integer,
        Text,
        ViapiJobOptions,
        ViapiOptions,
    )


class MergeVideoFaceOperator(ViapiJobOperator):
    """Replace the largest face in a video.

    Accounts that activated this before 2024-07-17 need permission from Alibaba.

    Returns ``VideoURL``, the URL of the output, valid for 30 minutes.

    :param video_url: video, a URL that the service can read or an address in object storage (``s3://…``): MP4, AVI,
        MKV, MOV, FLV, TS or MPG, at most 120 MB, more than 360×360 and less than 1920×1920 pixels, at most 5 minutes,
        constant frame rate
    :param reference_url: image of the new face, likewise: JPEG or PNG, at most 20 MB, at least 128×128 and at most
        4000×4000 pixels
    :param add_watermark: mark the video as generated; default: true
    :param enhance: beautify the face; default: false
    :param watermark_type: language of the watermark, ``EN`` or ``CN``; default: ``EN``
    """

    action = faces.MERGE_VIDEO_FACE

    def __init__(
        self,
        *,
        video_url: Address,
        reference_url: Address,
        add_watermark: Flag | None = None,
        enhance: Flag | None = None,
        watermark_type: Literal["EN", "CN"] | XComArg | None = None,
        **kwargs: Unpack[ViapiJobOptions],
    ) -> None:
        request = {
            "VideoURL": video_url,
            "ReferenceURL": reference_url,
            "AddWatermark": add_watermark,
            "Enhance": enhance,
            "WatermarkType": watermark_type,
        }
        super().__init__(request=request, **kwargs)


class MergeVideoModelFaceOperator(ViapiJobOperator):
    """Replace the faces of a template.

    For company accounts; those that activated this before 2024-07-17 need permission from Alibaba.

    Returns ``VideoURL``, the URL of the output, valid for 30 minutes.

    :param template_id: id of the template, from ``AddFaceVideoTemplateOperator``
    :param face_image_url: image of the new face, for a template of one person, a URL that the service can read or an
        address in object storage (``s3://…``): JPEG or PNG, at most 20 MB, at least 128×128 and at most 4000×4000
        pixels
    :param add_watermark: mark the video as generated; default: true
    :param enhance: beautify the face; default: false
    :param watermark_type: language of the watermark, ``EN`` or ``CN``; default: ``EN``
    :param merge_infos: faces to replace, for a template of several people: at most 100 mappings of ``TemplateFaceID``
        (from the template's ``FaceInfos``, each once) or ``TemplateFaceURL`` (image of that face), and ``ImageURL``
        (image of the new face)
    """

    action = faces.MERGE_VIDEO_MODEL_FACE

    def __init__(
        self,
        *,
        template_id: Text,
        face_image_url: Address | None = None,
        add_watermark: Flag | None = None,
        enhance: Flag | None = None,
        watermark_type: Literal["EN", "CN"] | XComArg | None = None,
        merge_infos: Sequence[Mapping[str, Address]] | XComArg | None = None,
        **kwargs: Unpack[ViapiJobOptions],
    ) -> None:
        request = {
            "TemplateId": template_id,
            "FaceImageURL": face_image_url,
            "AddWatermark": add_watermark,
            "Enhance": enhance,
            "WatermarkType": watermark_type,
            "MergeInfos": merge_infos,
        }
        super().__init__(request=request, **kwargs)


class AddFaceVideoTemplateOperator(ViapiJobOperator):
    """Store a video as a template for ``MergeVideoModelFaceOperator``; an account has at most 3,000 templates.

    For company accounts.

    Returns ``TemplateId``, ``FaceInfos`` (for a template of several people: mappings of ``TemplateFaceID`` and
    ``TemplateFaceURL``, image of the face) and ``TransResult`` (positions of the faces, a NumPy file). Links are
    valid for 30 minutes.

    :param video_url: video, a URL that the service can read or an address in object storage (``s3://…``): MP4, AVI,
        MKV, MOV, FLV, TS or MPG, at most 120 MB, at least 320×320 and at most 1920×1920 pixels, constant frame rate,
        at most six people
    :param video_scene: replace one person (``single``) or several (``multi``); default: ``single``
    """

    action = faces.ADD_FACE_VIDEO_TEMPLATE

    def __init__(
        self,
        *,
        video_url: Address,
        video_scene: Literal["single", "multi"] | XComArg | None = None,
        **kwargs: Unpack[ViapiJobOptions],
    ) -> None:
        super().__init__(request={"VideoURL": video_url, "VideoScene": video_scene}, **kwargs)


class QueryFaceVideoTemplateOperator(ViapiOperator):
    """List one page of the account's templates, or one template. For company accounts.

    Returns ``Total`` (number of templates) and ``Elements``, each with ``TemplateId``, ``TemplateURL`` (the video,
    valid for 30 minutes), ``UserId``, ``CreateTime``, ``UpdateTime`` and ``FaceInfos``.

    :param template_id: id of the one template to return
    :param page_no: number of the page, 1–5000; default: 1
    :param page_size: templates on a page, 1–500; default: 100
    """

    action = faces.QUERY_FACE_VIDEO_TEMPLATE

    def __init__(
        self,
        *,
        template_id: Text | None = None,
        page_no: Integer | None = None,
        page_size: Integer | None = None,
        **kwargs: Unpack[ViapiOptions],
    ) -> None:
        request = {"TemplateId": template_id, "PageNo": page_no, "PageSize": page_size}
        super().__init__(request=request, **kwargs)


class DeleteFaceVideoTemplateOperator(ViapiOperator):
    """Delete a template. For company accounts.

    Returns an empty mapping. The response for a template that does not exist is not documented.

    :param template_id: id of the template
    """

    action = faces.DELETE_FACE_VIDEO_TEMPLATE

    def __init__(self, *, template_id: Text, **kwargs: Unpack[ViapiOptions]) -> None:
        super().__init__(request={"TemplateId": template_id}, **kwargs)
