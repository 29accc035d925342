"""The files of assets: announced, uploaded, confirmed, deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_viapi.emulator.huawei.assets import Assets
from airflow_provider_viapi.emulator.huawei.errors import invalid, refusal
from airflow_provider_viapi.emulator.huawei.files import AssetFile, Place, UploadedFiles
from airflow_provider_viapi.emulator.huawei.rest import RestCall, new_id
from airflow_provider_viapi.huawei.services.metastudio import files


class FileActions:
    """Answers these actions.

    :param assets: whose files they are
    :param uploads: where they are put
    """

    def __init__(self, assets: Assets, uploads: UploadedFiles) -> None:
        self._assets = assets
        self._uploads = uploads

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """What answers each action, by its name."""
        return {
            files.CREATE_FILE.name: self._announce,
            files.CONFIRM_FILE_UPLOAD.name: self._confirm,
            files.DELETE_FILE.name: self._delete,
        }

    def _announce(self, call: RestCall) -> dict[str, Any]:
        given = call.parameters
        asset = self._assets.find(given["asset_id"])
        category = given["asset_file_category"]
        if category == "MAIN" and any(
            each.category == "MAIN" and each.state == "CREATED" for each in asset.files.values()
        ):
            raise refusal("MSS.10001008", "Asset main file already exists")
        place = Place(new_id(), given["file_name"], given["file_size"], given["file_md5"])
        asset.files[place.id] = AssetFile(place, category, given["file_type"])
        return {"file_id": place.id, "upload_url": self._uploads.open(place, call.base)}

    def _confirm(self, call: RestCall) -> dict[str, Any]:
        asset, file = self._assets.with_file(call.parameters["file_id"])
        state = call.parameters["state"]
        if state == "CREATED" and file.place.received is None:
            raise invalid("metastudio", "Nothing was uploaded yet.")
        file.state = state
        if file.category == "MAIN" and asset.state == "CREATING":
            asset.state = {"CREATED": "ACTIVED", "FAILED": "FAILED"}.get(state, "CREATING")
        return {}

    def _delete(self, call: RestCall) -> dict[str, Any]:
        asset, file = self._assets.with_file(call.parameters["file_id"])
        self._uploads.remove(file.place)
        del asset.files[file.place.id]
        return {}
