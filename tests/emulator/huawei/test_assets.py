"""Assets and their uploads, and the things that are kept and given back."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx
import pytest

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services import vias
from airflow_provider_viapi.huawei.services.metastudio import (
    assets,
    files,
    products,
    rooms,
    scripts,
    speech,
    vocabulary,
)
from emulator.huawei.callers import Caller

CONTENT = b"a film, say"


def announced(asset_id: str, content: bytes = CONTENT, **changed: Any) -> dict[str, Any]:
    return {
        "file_name": "film.mp4",
        "file_md5": base64.b64encode(hashlib.md5(content).digest()).decode(),
        "file_size": len(content),
        "file_type": "mp4",
        "asset_id": asset_id,
        "asset_file_category": "MAIN",
        **changed,
    }


@pytest.fixture
def asset_id(caller: Caller) -> str:
    made = caller(assets.CREATE_DIGITAL_ASSET, asset_name="film", asset_type="VIDEO", tags=["lamp"])
    return str(made["asset_id"])


def test_an_asset_is_usable_once_its_main_file_is_there(caller: Caller, asset_id: str) -> None:
    file = caller(files.CREATE_FILE, **announced(asset_id))
    early = caller.refused(files.CONFIRM_FILE_UPLOAD, file_id=file["file_id"], state="CREATED")
    put = httpx.put(
        file["upload_url"], content=CONTENT, headers={"content-type": "video/mp4"}, trust_env=False
    )
    between = caller(assets.SHOW_ASSET, asset_id=asset_id)
    caller(files.CONFIRM_FILE_UPLOAD, file_id=file["file_id"], state="CREATED")
    after = caller(assets.SHOW_ASSET, asset_id=asset_id)

    assert (early, put.status_code) == ((400, "MSS.00000003"), 200)
    assert (between["asset_state"], between["files"][0]["state"]) == ("CREATING", "UPLOADED")
    assert (after["asset_state"], after["files"][0]["state"]) == ("ACTIVED", "CREATED")
    fetched = httpx.get(after["files"][0]["download_url"], trust_env=False)
    assert (fetched.content, fetched.headers["content-type"]) == (CONTENT, "video/mp4")


def test_an_asset_whose_upload_failed_has_failed(caller: Caller, asset_id: str) -> None:
    file_id = caller(files.CREATE_FILE, **announced(asset_id))["file_id"]
    caller(files.CONFIRM_FILE_UPLOAD, file_id=file_id, state="FAILED")

    assert caller(assets.SHOW_ASSET, asset_id=asset_id)["asset_state"] == "FAILED"


def test_a_file_other_than_the_announced_is_refused(caller: Caller, asset_id: str) -> None:
    address = caller(files.CREATE_FILE, **announced(asset_id))["upload_url"]

    answers = [httpx.put(address, content=each, trust_env=False) for each in (b"a film, saw", b"short")]

    assert [each.status_code for each in answers] == [400, 400]
    assert "BadDigest" in answers[0].text


def test_an_upload_url_that_was_not_issued_is_refused(emulator: EmulatorServer, caller: Caller) -> None:
    asset_id = caller(assets.CREATE_DIGITAL_ASSET, asset_name="film", asset_type="VIDEO")["asset_id"]
    address = caller(files.CREATE_FILE, **announced(asset_id))["upload_url"]
    changed = [
        address[:-4],
        address.replace("Expires=", "Expires=9"),
        f"{emulator.url}/metastudio-uploads/none",
    ]

    assert [httpx.put(each, content=CONTENT, trust_env=False).status_code for each in changed] == [403] * 3


def test_assets_are_listed_by_kind_name_tag_and_state(caller: Caller, asset_id: str) -> None:
    def found(**asked: Any) -> list[str]:
        return [each["asset_id"] for each in caller(assets.LIST_ASSETS, **asked)["assets"]]

    assert found(asset_type="VOICE_MODEL") == ["emulator-voice"]
    assert found(name="fil", asset_state="CREATING") == found(tag="lamp") == [asset_id]
    assert found(asset_source="CUSTOMIZATION") == [asset_id]
    assert len(found(limit=2, offset=2)) == 2
    assert caller(speech.CHECK_VOICE_ASSET, voice_asset_id="emulator-voice")["asset_state"] == "ACTIVED"
    assert caller.refused(speech.CHECK_VOICE_ASSET, voice_asset_id=asset_id) == (400, "MSS.00000003")


def test_an_asset_is_changed_recycled_restored_and_deleted(caller: Caller, asset_id: str) -> None:
    changed = caller(assets.UPDATE_DIGITAL_ASSET, asset_id=asset_id, asset_name="other")
    caller(assets.DELETE_ASSET, asset_id=asset_id)
    thrown = caller(assets.SHOW_ASSET, asset_id=asset_id)["asset_state"]
    caller(assets.RESTORE_ASSET, asset_id=asset_id)
    back = caller(assets.LIST_ASSET_SUMMARY, asset_ids=[asset_id])["asset_list"]
    caller(assets.BATCH_EXECUTE_ASSET_ACTION, action="DELETE_FORCE", asset_ids=[asset_id])

    assert (changed["asset_name"], thrown, back[0]["asset_name"]) == ("other", "WAITING_DELETE", "other")
    assert caller.refused(assets.SHOW_ASSET, asset_id=asset_id) == (400, "MSS.10001001")
    assert caller.refused(assets.DELETE_ASSET, asset_id="emulator-voice") == (400, "MSS.10000003")


def test_a_file_is_deleted(caller: Caller, asset_id: str) -> None:
    file = caller(files.CREATE_FILE, **announced(asset_id))
    caller(files.DELETE_FILE, file_id=file["file_id"])

    assert caller.refused(files.DELETE_FILE, file_id=file["file_id"]) == (400, "MSS.10001004")
    assert httpx.put(file["upload_url"], content=CONTENT, trust_env=False).status_code == 403


KEPT: list[tuple[Action, Action | None, Action, Action | None, str, str, dict[str, Any]]] = [
    (
        scripts.CREATE_VIDEO_SCRIPTS,
        scripts.SHOW_VIDEO_SCRIPT,
        scripts.LIST_VIDEO_SCRIPTS,
        scripts.DELETE_VIDEO_SCRIPT,
        "script_id",
        "video_scripts",
        {"script_name": "sale"},
    ),
    (
        rooms.CREATE_SMART_LIVE_ROOM,
        rooms.SHOW_SMART_LIVE_ROOM,
        rooms.LIST_SMART_LIVE_ROOMS,
        rooms.DELETE_SMART_LIVE_ROOM,
        "room_id",
        "smart_live_rooms",
        {"room_name": "sales"},
    ),
    (
        rooms.CREATE_INTERACTION_RULE_GROUP,
        None,
        rooms.LIST_INTERACTION_RULE_GROUPS,
        rooms.DELETE_INTERACTION_RULE_GROUP,
        "group_id",
        "interaction_rule_groups",
        {"group_name": "greetings"},
    ),
    (
        products.CREATE_PRODUCT,
        products.SHOW_PRODUCT,
        products.LIST_PRODUCTS,
        products.DELETE_PRODUCT,
        "product_id",
        "products",
        {"name": "lamp"},
    ),
    (
        vias.sources.CREATE_VIDEO_SOURCE,
        vias.sources.SHOW_VIDEO_SOURCE,
        vias.sources.LIST_VIDEO_SOURCES,
        vias.sources.DELETE_VIDEO_SOURCE,
        "video_source_id",
        "video_source_list",
        {"video_source_name": "gate", "access_type": "edge", "type": "rtsp", "type_config": "<c/>"},
    ),
    (
        vias.sources.CREATE_VIDEO_GROUP,
        vias.sources.SHOW_VIDEO_GROUP,
        vias.sources.LIST_VIDEO_GROUPS,
        vias.sources.DELETE_VIDEO_GROUP,
        "video_group_id",
        "video_group_list",
        {"video_group_name": "gates", "access_type": "edge"},
    ),
]


@pytest.mark.parametrize(("create", "show", "listing", "delete", "id_name", "listed", "fields"), KEPT)
def test_records_are_shown_listed_and_deleted(
    caller: Caller,
    create: Action,
    show: Action | None,
    listing: Action,
    delete: Action,
    id_name: str,
    listed: str,
    fields: dict[str, Any],
) -> None:
    named = {id_name: caller(create, **fields)[id_name]}

    if show is not None:
        assert fields.items() <= caller(show, **named).items()
    (item,) = caller(listing)[listed]
    assert {**fields, **named}.items() <= item.items()
    caller(delete, **named)
    assert caller(listing)[listed] == []
    assert caller.refused(delete, **named)[0] == 400


def test_scripts_are_changed_and_copied(caller: Caller) -> None:
    script_id = caller(scripts.CREATE_VIDEO_SCRIPTS, script_name="one")["script_id"]
    caller(scripts.UPDATE_VIDEO_SCRIPT, script_id=script_id, script_name="two")
    copy = caller(scripts.COPY_VIDEO_SCRIPTS, script_id=script_id)["script_id"]

    assert caller(scripts.SHOW_VIDEO_SCRIPT, script_id=copy)["script_name"] == "two"
    assert copy != script_id


def test_a_product_can_be_activated_and_has_its_texts(caller: Caller) -> None:
    product_id = caller(products.CREATE_PRODUCT, name="lamp", auto_active=True)["product_id"]
    text = {"title": "why", "text": "It shines."}
    caller(products.SET_PRODUCT_ASSET, product_id=product_id, text_item=text, action="LINK")
    linked = caller(products.SHOW_PRODUCT, product_id=product_id)
    caller(products.SET_PRODUCT_ASSET, product_id=product_id, text_item=text, action="UNLINK")

    assert (linked["state"], linked["text_list"]) == ("ACTIVED", [text])
    assert caller(products.SHOW_PRODUCT, product_id=product_id)["text_list"] == []


def test_vocabulary_is_stored_changed_and_deleted(caller: Caller) -> None:
    made = caller(vocabulary.CREATE_TTSC_VOCABULARY_CONFIGS, type="ALIAS", key="GB", value="gigabyte")
    caller(
        vocabulary.SAVE_TTSC_VOCABULARY_CONFIGS,
        vocabulary_id=made["id"],
        type="ALIAS",
        key="GB",
        value="Great Britain",
    )
    (kept,) = caller(vocabulary.LIST_TTSC_VOCABULARY_CONFIGS)["data"]
    caller(vocabulary.DELETE_TTSC_VOCABULARY_CONFIGS, id=[made["id"]])

    assert kept["value"] == "Great Britain"
    assert caller(vocabulary.LIST_TTSC_VOCABULARY_CONFIGS)["count"] == 0


def test_an_action_that_is_not_implemented_is_refused_as_such(caller: Caller) -> None:
    refused = caller.refused(speech.SHOW_TTS_PHONETIC_SYMBOL, word="tomato")

    assert refused == (501, "Emulator.NotEmulated")
