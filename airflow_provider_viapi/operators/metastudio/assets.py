"""Assets: files of the team's that MetaStudio keeps and works with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.huawei.services import metastudio
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.model import Job

AssetType = Literal[
    "VOICE_MODEL",
    "VIDEO",
    "IMAGE",
    "PPT",
    "MUSIC",
    "AUDIO",
    "COMMON_FILE",
    "HUMAN_MODEL_2D",
    "BUSINESS_CARD_TEMPLET",
]
"""Kinds of assets."""


class UploadAssetOperator(HuaweiCloudJobOperator):
    """Make an asset of a file and wait until it can be used.

    The asset is made, the file streamed to where MetaStudio says, and its arrival confirmed. A retry goes on with the
    asset of the try before. The file is read twice, since its MD5 has to be told before it is sent.

    Returns what is known of the asset: ``asset_id``, ``asset_state``, ``files`` and so on.

    :param source: the file, at most 5 GB, in any storage that Airflow's ``ObjectStoragePath`` opens: ``s3://``,
        ``gs://``, ``file://`` …, or ``oss://`` with the connection ``viapi_default``
    :param asset_name: the asset's name, up to 256 characters
    :param asset_type: kind of the asset: ``VOICE_MODEL``, ``VIDEO``, ``IMAGE``, ``PPT``, ``MUSIC``, ``AUDIO``,
        ``COMMON_FILE``, ``HUMAN_MODEL_2D`` or ``BUSINESS_CARD_TEMPLET``
    :param asset_description: up to 4096 characters
    :param review_config: whether the content is reviewed
    :param tags: tags
    :param asset_extra_meta: facts of its kind: of a video, an image, a voice
    :param is_need_generate_cover: make a cover, of videos only
    :param supported_service: what it may be used for
    :param on_doubt: what to do when it cannot be known whether an earlier try has made the asset; ``resubmit`` unless
        given, since what may be left behind is an asset without a file
    """

    action = metastudio.assets.CREATE_DIGITAL_ASSET
    template_fields: Sequence[str] = (*HuaweiCloudJobOperator.template_fields, "source")

    def __init__(
        self,
        *,
        source: str,
        asset_name: str,
        asset_type: AssetType,
        asset_description: str | None = None,
        review_config: Mapping[str, Any] | None = None,
        tags: Sequence[str] | None = None,
        asset_extra_meta: Mapping[str, Any] | None = None,
        is_need_generate_cover: bool | None = None,
        supported_service: Sequence[str] | None = None,
        on_doubt: Literal["fail", "resubmit"] = "resubmit",
        **kwargs: Any,
    ) -> None:
        request = {
            "asset_name": asset_name,
            "asset_type": asset_type,
            "asset_description": asset_description,
            "review_config": review_config,
            "tags": tags,
            "asset_extra_meta": asset_extra_meta,
            "is_need_generate_cover": is_need_generate_cover,
            "supported_service": supported_service,
        }
        super().__init__(request=request, on_doubt=on_doubt, **kwargs)
        self.source = source

    def request_digest(self, request: Mapping[str, Any]) -> str:
        """Return the fingerprint of the request and its source file."""
        return super().request_digest({**request, "source": self.source})

    def prepare_request(self, request: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
        """Check that the source file exists before an asset is created for it."""
        from airflow_provider_viapi.media import huawei_asset_upload

        huawei_asset_upload.stat(self.source)
        return request

    def accepted(self, job: Job, context: Context) -> None:
        """Upload the file to the asset."""
        from airflow_provider_viapi.media import huawei_asset_upload

        huawei_asset_upload.upload(self.source, asset_id=job.id, hook=self.hook, log=self.log)
