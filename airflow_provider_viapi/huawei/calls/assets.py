"""Assets and their files, with typed arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from airflow_provider_viapi.huawei.calls.group import Answer, Group
from airflow_provider_viapi.huawei.services import metastudio

if TYPE_CHECKING:
    from typing_extensions import Required, Unpack


class NewAsset(TypedDict, total=False):
    """Arguments of ``Assets.create``."""

    asset_name: Required[str]
    asset_description: str
    asset_type: Required[str]
    review_config: Mapping[str, Any]
    tags: Sequence[str]
    asset_extra_meta: Mapping[str, Any]
    system_properties: Sequence[Mapping[str, Any]]
    shared_config: Mapping[str, Any]
    is_need_generate_cover: bool
    asset_order: int
    supported_service: Sequence[str]
    auto_operation_config: Sequence[Mapping[str, Any]]


class AssetFilter(TypedDict, total=False):
    """Arguments of ``Assets.list``."""

    limit: int
    offset: int
    name: str
    tag: str
    tag_combination_type: str
    start_time: str
    end_time: str
    asset_type: str
    sort_key: str
    sort_dir: str
    asset_source: str
    asset_state: str
    style_id: str
    accurate_query_field: Sequence[str]
    asset_id: Sequence[str]
    sex: str
    language: str
    system_property: str
    action_editable: bool
    is_with_action_library: bool
    is_movable: bool
    voice_provider: str
    role: str
    is_realtime_voice: bool
    human_model_2d_version: str
    include_device_name: str
    exclude_device_name: str
    supported_service: str
    app_user_id: str


class AssetChange(TypedDict, total=False):
    """Arguments of ``Assets.update``."""

    asset_name: str
    asset_description: str
    asset_type: str
    asset_state: str
    review_config: Mapping[str, Any]
    tags: Sequence[str]
    asset_extra_meta: Mapping[str, Any]
    system_properties: Sequence[Mapping[str, Any]]
    shared_config: Mapping[str, Any]
    asset_order: int
    supported_service: Sequence[str]
    auto_operation_config: Sequence[Mapping[str, Any]]


class Assets(Group):
    """Pictures, videos, sounds and avatars that MetaStudio keeps."""

    def create(self, **fields: Unpack[NewAsset]) -> Answer:
        """Make an asset, which files are then uploaded to."""
        return self._call(metastudio.assets.CREATE_DIGITAL_ASSET, fields)

    def list(self, **fields: Unpack[AssetFilter]) -> Answer:
        """The assets that fit."""
        return self._call(metastudio.assets.LIST_ASSETS, fields)

    def show(self, asset_id: str) -> Answer:
        """An asset with its files."""
        return self._call(metastudio.assets.SHOW_ASSET, {"asset_id": asset_id})

    def update(self, asset_id: str, **fields: Unpack[AssetChange]) -> Answer:
        """Change an asset, or make it usable or not."""
        return self._call(metastudio.assets.UPDATE_DIGITAL_ASSET, {"asset_id": asset_id, **fields})

    def delete(self, asset_id: str, *, mode: str | None = None) -> Answer:
        """Delete an asset."""
        return self._call(metastudio.assets.DELETE_ASSET, {"asset_id": asset_id, "mode": mode})

    def restore(self, asset_id: str) -> Answer:
        """Take an asset back out of the bin."""
        return self._call(metastudio.assets.RESTORE_ASSET, {"asset_id": asset_id})

    def summarise(self, *, asset_ids: Sequence[str]) -> Answer:
        """What a few assets are, in short."""
        return self._call(metastudio.assets.LIST_ASSET_SUMMARY, {"asset_ids": asset_ids})

    def act(self, *, action: str, asset_ids: Sequence[str], params: str | None = None) -> Answer:
        """Do the same with several assets."""
        return self._call(
            metastudio.assets.BATCH_EXECUTE_ASSET_ACTION,
            {"action": action, "asset_ids": asset_ids, "params": params},
        )

    def seal(self, asset_id: str) -> Answer:
        """An asset in sealed form, to be copied elsewhere."""
        return self._call(metastudio.assets.SHOW_ASSET_REPLICATION_INFO, {"asset_id": asset_id})

    def create_from_sealed(
        self,
        *,
        asset_id: str | None = None,
        asset_info: str | None = None,
        encryption_info: Mapping[str, Any] | None = None,
        expire_time: int | None = None,
    ) -> Answer:
        """Make an asset out of another's sealed form."""
        return self._call(
            metastudio.assets.CREATE_ASSET_BY_REPLICATION_INFO,
            {
                "asset_id": asset_id,
                "asset_info": asset_info,
                "encryption_info": encryption_info,
                "expire_time": expire_time,
            },
        )


class Files(Group):
    """Files of assets: announced, put where the answer says, confirmed."""

    def create(
        self,
        *,
        file_name: str,
        file_md5: str,
        file_size: int,
        file_type: str,
        asset_id: str,
        asset_file_category: str,
    ) -> Answer:
        """Announce a file of up to 5 GB; the answer says where to put it."""
        return self._call(
            metastudio.files.CREATE_FILE,
            {
                "file_name": file_name,
                "file_md5": file_md5,
                "file_size": file_size,
                "file_type": file_type,
                "asset_id": asset_id,
                "asset_file_category": asset_file_category,
            },
        )

    def create_large(
        self,
        *,
        file_name: str,
        file_type: str,
        asset_id: str,
        asset_file_category: str,
        file_size: int | None = None,
        file_multipart_count: int | None = None,
    ) -> Answer:
        """Announce a file that is uploaded in parts."""
        return self._call(
            metastudio.files.CREATE_LARGE_FILE,
            {
                "file_name": file_name,
                "file_type": file_type,
                "asset_id": asset_id,
                "asset_file_category": asset_file_category,
                "file_size": file_size,
                "file_multipart_count": file_multipart_count,
            },
        )

    def confirm(self, file_id: str, *, state: str) -> Answer:
        """Say that a file was uploaded, or that it was not."""
        return self._call(metastudio.files.CONFIRM_FILE_UPLOAD, {"file_id": file_id, "state": state})

    def delete(self, file_id: str) -> Answer:
        """Delete a file of an asset."""
        return self._call(metastudio.files.DELETE_FILE, {"file_id": file_id})
