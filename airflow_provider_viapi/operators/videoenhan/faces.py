"""One face for another, only with the consent of those whose faces they are. All from the metadata of 2025."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.operators.viapi import ViapiJobOperator, ViapiOperator


class MergeVideoFaceOperator(ViapiJobOperator):
    """Put a face in the place of the largest one in a video.

    Accounts that had opened this before 2024-07-17 have to be allowed by Alibaba.

    Returns ``VideoURL``, the address of the video with the other face, good for 30 minutes.

    :param video_url: the video, at an HTTP(S) address that the service can read: MP4, AVI, MKV, MOV, FLV, TS or MPG
        of a constant frame rate, at most 120 MB and 300 seconds, more than 360×360 and less than 1920×1920 pixels
    :param reference_url: the face that is put in, at such an address: JPEG or PNG, at most 20 MB, each side from 128
        to 4000 pixels
    :param add_watermark: whether the video says that it was made by a machine; true unless given
    :param enhance: whether the face is made prettier; false unless given
    :param watermark_type: language of the watermark, ``EN`` or ``CN``; ``EN`` unless given
    """

    action = videoenhan.MERGE_VIDEO_FACE

    def __init__(
        self,
        *,
        video_url: str,
        reference_url: str,
        add_watermark: bool | None = None,
        enhance: bool | None = None,
        watermark_type: Literal["EN", "CN"] | None = None,
        **kwargs: Any,
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
    """Put faces in the place of those in a template.

    For company accounts; those that had opened this before 2024-07-17 have to be allowed by Alibaba.

    Returns ``VideoURL``, the address of the video with the other faces, good for 30 minutes.

    :param template_id: the template, from ``AddFaceVideoTemplateOperator``
    :param face_image_url: the face that is put in, of a template for one person, at an HTTP(S) address that the
        service can read: JPEG or PNG, at most 20 MB, each side from 128 to 4000 pixels
    :param add_watermark: whether the video says that it was made by a machine; true unless given
    :param enhance: whether the face is made prettier; false unless given
    :param watermark_type: language of the watermark, ``EN`` or ``CN``; ``EN`` unless given
    :param merge_infos: which face becomes which, of a template for several people: at most 100 mappings of
        ``TemplateFaceID`` (from the template's ``FaceInfos``, each only once) or ``TemplateFaceURL`` (a picture of
        that face), and ``ImageURL`` (the face that is put in)
    """

    action = videoenhan.MERGE_VIDEO_MODEL_FACE

    def __init__(
        self,
        *,
        template_id: str,
        face_image_url: str | None = None,
        add_watermark: bool | None = None,
        enhance: bool | None = None,
        watermark_type: Literal["EN", "CN"] | None = None,
        merge_infos: Sequence[Mapping[str, str]] | None = None,
        **kwargs: Any,
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
    """Keep a video as a template for ``MergeVideoModelFaceOperator``; an account has at most 3,000.

    For company accounts.

    Returns ``TemplateId``, ``FaceInfos`` (of a template for several people: mappings of ``TemplateFaceID`` and
    ``TemplateFaceURL``, the face's picture) and ``TransResult`` (a NumPy file of where the faces are). Links are good
    for 30 minutes.

    :param video_url: the video, at an HTTP(S) address that the service can read: MP4, AVI, MKV, MOV, FLV, TS or MPG
        of a constant frame rate, at most 120 MB, 320×320 to 1920×1920 pixels, at most six people
    :param video_scene: whether one person is to be replaced (``single``) or several (``multi``); ``single`` unless
        given
    """

    action = videoenhan.ADD_FACE_VIDEO_TEMPLATE

    def __init__(
        self, *, video_url: str, video_scene: Literal["single", "multi"] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(request={"VideoURL": video_url, "VideoScene": video_scene}, **kwargs)


class QueryFaceVideoTemplateOperator(ViapiOperator):
    """List the account's templates, a page of them or one. For company accounts.

    Returns ``Total`` (how many there are) and ``Elements``, each with ``TemplateId``, ``TemplateURL`` (the video,
    good for 30 minutes), ``UserId``, ``CreateTime``, ``UpdateTime`` and ``FaceInfos``.

    :param template_id: only this template
    :param page_no: which page, 1–5000; 1 unless given
    :param page_size: templates on a page, 1–500; 100 unless given
    """

    action = videoenhan.QUERY_FACE_VIDEO_TEMPLATE

    def __init__(
        self,
        *,
        template_id: str | None = None,
        page_no: int | None = None,
        page_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        request = {"TemplateId": template_id, "PageNo": page_no, "PageSize": page_size}
        super().__init__(request=request, **kwargs)


class DeleteFaceVideoTemplateOperator(ViapiOperator):
    """Delete a template. For company accounts.

    Returns nothing of use. What the service answers when there is no such template is not documented.

    :param template_id: the template
    """

    action = videoenhan.DELETE_FACE_VIDEO_TEMPLATE

    def __init__(self, *, template_id: str, **kwargs: Any) -> None:
        super().__init__(request={"TemplateId": template_id}, **kwargs)
