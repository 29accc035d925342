"""Operators for assets: files that MetaStudio stores and uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.huawei.services.metastudio import assets, transfers
from airflow_provider_viapi.huawei.services.metastudio.assets import AssetType
from airflow_provider_viapi.operators.arguments.checks import is_templated, set_default
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator
from airflow_provider_viapi.operators.metastudio.training_files import checked_files
from airflow_provider_viapi.storage_addresses import as_address

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg
    from typing_extensions import Unpack

    from airflow_provider_viapi.jobs.model import Job, JobReport
    from airflow_provider_viapi.operators.arguments.options import (
        Address,
        Flag,
        HuaweiCloudJobOptions,
        Object,
        Text,
        TextList,
    )


class UploadAssetOperator(HuaweiCloudJobOperator):
    """Create an asset from a file and wait until MetaStudio has accepted the file.

    The asset is created, the file is uploaded to MetaStudio's storage, and the upload is confirmed. A retry continues
    with the asset of the previous attempt. The file is read twice, because its MD5 is sent before its content.

    Returns the asset: ``asset_id``, ``asset_state``, ``files`` and so on. Other jobs can use it if ``asset_state`` is
    ``ACTIVED``. If it is ``UNACTIVED``, a warning is logged: somebody has to activate it, for example with
    ``metastudio.UpdateDigitalAsset`` and ``asset_state="ACTIVED"``.

    :param source: file of at most 5 GB in any storage that Airflow's ``ObjectStoragePath`` opens: ``s3://``,
        ``gs://``, ``file://`` …, or ``oss://`` with the connection ``viapi_default``
    :param asset_name: name of the asset, up to 256 characters
    :param asset_type: kind of the asset: ``VOICE_MODEL``, ``VIDEO``, ``IMAGE``, ``PPT``, ``MUSIC``, ``AUDIO``,
        ``COMMON_FILE``, ``HUMAN_MODEL_2D`` or ``BUSINESS_CARD_TEMPLET``
    :param asset_description: description, up to 4096 characters
    :param review_config: review of the content
    :param tags: tags
    :param asset_extra_meta: metadata of a video, an image or a voice
    :param is_need_generate_cover: generate a cover image, for videos only
    :param supported_service: services that may use the asset
    :param on_doubt: what to do if it cannot be known whether an earlier attempt has created the asset; default:
        ``resubmit``, because the worst case is an asset without a file
    """

    action = assets.CREATE_DIGITAL_ASSET
    template_fields: Sequence[str] = (*HuaweiCloudJobOperator.template_fields, "source")
    file_arguments = ("source",)

    def __init__(
        self,
        *,
        source: Address,
        asset_name: Text,
        asset_type: AssetType | XComArg,
        asset_description: Text | None = None,
        review_config: Object | None = None,
        tags: TextList | None = None,
        asset_extra_meta: Object | None = None,
        is_need_generate_cover: Flag | None = None,
        supported_service: TextList | None = None,
        **kwargs: Unpack[HuaweiCloudJobOptions],
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
        set_default(kwargs, "on_doubt", "resubmit")
        super().__init__(request=request, **kwargs)
        self.source: Any = as_address(source)
        checked_files(self, is_templated)

    def request_digest(self, request: Mapping[str, Any]) -> str:
        """Return the fingerprint of the request and its source file."""
        return super().request_digest({**request, **checked_files(self)})

    def prepare_request(self, request: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
        """Check that the source file exists and can be uploaded before an asset is created for it."""
        from airflow_provider_viapi.media.inputs import huawei_asset_upload

        huawei_asset_upload.check_upload(checked_files(self)["source"])
        return request

    def accepted(self, job: Job, context: Context) -> None:
        """Upload the file to the asset."""
        from airflow_provider_viapi.media.inputs import huawei_asset_upload

        source = checked_files(self)["source"]
        huawei_asset_upload.upload(source, asset_id=job.id, hook=self.hook, log=self.log)

    def final_report(self, report: JobReport) -> JobReport:
        """Return the report, and warn of an asset that no other job can use yet."""
        if report.state == "UNACTIVED":
            self.log.warning(
                "Asset %s is UNACTIVED: other jobs cannot use it until it is activated, for example with "
                "metastudio.UpdateDigitalAsset and asset_state='ACTIVED'",
                report.job_id,
            )
        return report


class TransferAssetOperator(HuaweiCloudJobOperator):
    """Offer assets to another account and wait until it accepts them; fail if it rejects them.

    The receiver accepts with ``metastudio.ExecuteTransferAssetAction``. Default of ``job_timeout``: 7 days. A task
    that is ended before cancels the transfer, unless ``cancel_on_kill=False``.

    Returns the transfer: ``job_id``, ``state``, ``transfer_assets``, ``finish_time`` and so on.

    :param asset_ids: ids of the assets
    :param dest_project_id: id of the receiver's project
    :param memo: a remark for the receiver
    :param is_need_billing: use resources of the receiver, who is billed
    :param transfer_type: ``TRANSFER_OUT``, or ``TRANSFER_BACK`` to return what was transferred; default: the
        service's
    :param transfer_job_id: id of the earlier transfer; only for ``TRANSFER_BACK``
    :param auto_accept: accept at once; for administrators
    :param auto_active: activate at once; for administrators
    """

    action = transfers.TRANSFER_ASSET

    def __init__(
        self,
        *,
        asset_ids: TextList,
        dest_project_id: Text,
        memo: Text | None = None,
        is_need_billing: Flag | None = None,
        transfer_type: Literal["TRANSFER_OUT", "TRANSFER_BACK"] | XComArg | None = None,
        transfer_job_id: Text | None = None,
        auto_accept: Flag | None = None,
        auto_active: Flag | None = None,
        **kwargs: Unpack[HuaweiCloudJobOptions],
    ) -> None:
        request = {
            "asset_ids": asset_ids,
            "dest_project_id": dest_project_id,
            "memo": memo,
            "is_need_billing": is_need_billing,
            "transfer_type": transfer_type,
            "transfer_job_id": transfer_job_id,
            "auto_accept": auto_accept,
            "auto_active": auto_active,
        }
        set_default(kwargs, "job_timeout", timedelta(days=7))
        super().__init__(request=request, **kwargs)
