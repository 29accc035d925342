"""Operators for stylized avatars after a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_viapi.huawei.services.metastudio import pictures
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from airflow_provider_viapi.operators.arguments.options import Address, HuaweiCloudJobOptions, Text


class CreatePictureModelOperator(HuaweiCloudJobOperator):
    """Model a stylized avatar after a picture, which is uploaded.

    Returns ``model_asset_id``, ``model_cover_url``, ``state`` and so on; a job that has partially succeeded has no
    cover.

    :param file: the picture in any storage that Airflow's ``ObjectStoragePath`` opens, or in Base64 or bytes: JPEG or
        PNG, at most 3840x2160 pixels and 9 MB
    :param style_id: id of the style, such as ``system_female_001``; ``metastudio.ListStyles`` lists them
    :param name: name of the model
    :param notify_url: URL that the service calls after the end of the job; not needed to wait for it
    """

    action = pictures.CREATE_PICTURE_MODELING_JOB

    def __init__(
        self,
        *,
        file: Address,
        style_id: Text,
        name: Text,
        notify_url: Text | None = None,
        **kwargs: Unpack[HuaweiCloudJobOptions],
    ) -> None:
        request = {"file": file, "style_id": style_id, "name": name, "notify_url": notify_url}
        super().__init__(request=request, **kwargs)


class CreatePictureModelByUrlOperator(HuaweiCloudJobOperator):
    """Model a stylized avatar after the picture at an address, which the service reads.

    Returns what :class:`CreatePictureModelOperator` returns.

    :param picture_url: HTTP(S) address of the picture
    :param style_id: id of the style, such as ``system_female_001``; ``metastudio.ListStyles`` lists them
    :param name: name of the model
    :param notify_url: URL that the service calls after the end of the job; not needed to wait for it
    """

    action = pictures.CREATE_PICTURE_MODELING_BY_URL_JOB
    links = ("picture_url",)

    def __init__(
        self,
        *,
        picture_url: Text,
        style_id: Text,
        name: Text,
        notify_url: Text | None = None,
        **kwargs: Unpack[HuaweiCloudJobOptions],
    ) -> None:
        request = {"picture_url": picture_url, "style_id": style_id, "name": name, "notify_url": notify_url}
        super().__init__(request=request, **kwargs)
