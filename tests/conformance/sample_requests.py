"""One ordinary request for every action, as keyword arguments of its operator; the emulator and the real service get
the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_viapi.emulator.media import TRANSFORMS
from airflow_provider_viapi.operators import imagesearch, imgsearch, videoenhan, videorecog
from airflow_provider_viapi.operators.viapi import ViapiOperator

DATABASE = PRODUCT = "viapi_conformance"
"""Names that nothing else has: the requests delete what has them."""

DONE_BY_THE_EMULATOR = {*TRANSFORMS, "AddFaceVideoTemplate"}
"""Jobs that the emulator does; of the others it says that it has no such thing."""

VIDEO, PICTURE, FACE = "subtitled.mp4", "picture.jpg", "face.jpg"
"""Names of the files in the requests; ``address(name)`` returns their addresses."""


def of_jobs(address: Callable[[str], str]) -> dict[type[ViapiOperator], dict[str, Any]]:
    """Requests that make a job each, and on the real service a bill each."""
    video, picture, face = address(VIDEO), address(PICTURE), address(FACE)
    files = [
        {"FileName": PICTURE, "FileUrl": picture, "Type": "image"},
        {"FileName": FACE, "FileUrl": face, "Type": "image"},
        {"FileName": VIDEO, "FileUrl": video, "Type": "video"},
    ]
    box = {"X": 0.02, "Y": 0.02, "W": 0.2, "H": 0.2}
    return {
        videoenhan.AbstractEcommerceVideoOperator: {"video_url": video, "duration": 1.0},
        videoenhan.AbstractFilmVideoOperator: {"video_url": video, "length": 2},
        videoenhan.EraseVideoSubtitlesOperator: {"video_url": video, "by": 0.7, "bh": 0.3},
        videoenhan.EraseVideoLogoOperator: {"video_url": video, "boxes": [box]},
        videoenhan.ChangeVideoSizeOperator: {"video_url": video, "width": 240, "height": 240},
        videoenhan.SuperResolveVideoOperator: {"video_url": video, "bit_rate": 5},
        videoenhan.AdjustVideoColorOperator: {
            "video_url": video,
            "mode": "Rec709",
            "video_bitrate": "15000k",
        },
        videoenhan.GenerateVideoOperator: {"file_list": files, "width": 320, "height": 240, "duration": 5.0},
        videoenhan.EnhanceVideoQualityOperator: {"video_url": video},
        videoenhan.InterpolateVideoFrameOperator: {"video_url": video, "frame_rate": 40},
        videoenhan.EnhancePortraitVideoOperator: {"video_url": video},
        videoenhan.GenerateHumanAnimeStyleVideoOperator: {"video_url": video, "cartoon_style": "anime"},
        videoenhan.MergeVideoFaceOperator: {"video_url": video, "reference_url": face},
        videoenhan.MergeVideoModelFaceOperator: {"template_id": "none", "face_image_url": face},
        videoenhan.AddFaceVideoTemplateOperator: {"video_url": video},
        videorecog.DetectVideoShotOperator: {"video_url": video},
        videorecog.GenerateVideoCoverOperator: {"video_url": video, "is_gif": False},
    }


def answered_at_once(
    address: Callable[[str], str], template_id: str
) -> list[tuple[type[ViapiOperator], dict[str, Any]]]:
    """Requests that are answered at once, in an order in which each finds what it needs.

    :param template_id: of a face template that may be deleted
    """
    picture = address(PICTURE)
    return [
        (imgsearch.CreateImageDbOperator, {"name": DATABASE}),
        (imgsearch.ListImageDbsOperator, {}),
        (imgsearch.AddImageOperator, {"db_name": DATABASE, "entity_id": "one", "image_url": picture}),
        (imgsearch.ListImagesOperator, {"db_name": DATABASE}),
        (imgsearch.SearchImageOperator, {"db_name": DATABASE, "image_url": picture, "limit": 3}),
        (imgsearch.DeleteImageOperator, {"db_name": DATABASE, "entity_id": "one"}),
        (imgsearch.DeleteImageDbOperator, {"name": DATABASE}),
        (videoenhan.QueryFaceVideoTemplateOperator, {}),
        (videoenhan.DeleteFaceVideoTemplateOperator, {"template_id": template_id}),
    ]


def in_an_instance(
    address: Callable[[str], str], instance: str
) -> list[tuple[type[ViapiOperator], dict[str, Any]]]:
    """Requests to an instance of ImageSearch, in an order in which each finds what it needs."""
    picture = address(PICTURE)
    of_instance = {"instance_name": instance}
    image = {**of_instance, "product_id": PRODUCT, "pic_name": "picture.jpg"}
    return [
        (imagesearch.DetailOperator, of_instance),
        (imagesearch.AddImageOperator, {**image, "pic_content": picture, "int_attr": 5, "str_attr": "red"}),
        (imagesearch.UpdateImageOperator, {**image, "custom_content": "a picture"}),
        (imagesearch.CheckImageExistsOperator, image),
        (imagesearch.SearchImageByPicOperator, {**of_instance, "pic_content": picture, "num": 3}),
        (imagesearch.SearchImageByNameOperator, {**image, "filter": "int_attr >= 5"}),
        (imagesearch.SearchImageByFilterOperator, {**of_instance, "filter": 'str_attr = "red"'}),
        (
            imagesearch.CompareSimilarByImageOperator,
            {**of_instance, "primary_pic_content": picture, "secondary_pic_content": picture},
        ),
        (
            imagesearch.IncreaseInstanceOperator,
            {**of_instance, "bucket_name": "conformance", "path": "/images"},
        ),
        (imagesearch.IncreaseListOperator, of_instance),
        (imagesearch.DumpMetaOperator, of_instance),
        (imagesearch.DumpMetaListOperator, of_instance),
        (imagesearch.DeleteImageOperator, {**of_instance, "product_id": PRODUCT}),
        (imagesearch.SearchImageByTextOperator, {**of_instance, "text": "a picture"}),
    ]
