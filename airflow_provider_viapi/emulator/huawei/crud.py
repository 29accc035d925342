"""Things that are kept and given back as they are: scripts, live rooms, products, video sources and their kin.

Each kind is a line of data: which actions make, show, list, change and delete it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_viapi.emulator.huawei.errors import not_there, refusal
from airflow_provider_viapi.emulator.huawei.pagination import page_of
from airflow_provider_viapi.emulator.huawei.rest import RestCall, new_id, rfc3339
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services import vias
from airflow_provider_viapi.huawei.services.metastudio import products, rooms, scripts, vocabulary

Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of things.

    :param id_name: the parameter and the field that hold the id
    :param create: makes one
    :param show: tells one
    :param listing: tells those that fit, under ``listed``
    :param update: changes one
    :param delete: forgets one
    :param begins: fields that it has from the beginning
    :param deleted: what is answered when it was forgotten
    :param missing: the code for one that is not there, where the documents have one
    """

    id_name: str
    create: Action
    show: Action | None = None
    listing: Action
    listed: str
    update: Action | None = None
    delete: Action | None
    begins: Mapping[str, Any] = field(default_factory=dict)
    deleted: Any = field(default_factory=dict)
    missing: str | None = None


SCRIPT = Kind(
    id_name="script_id",
    create=scripts.CREATE_VIDEO_SCRIPTS,
    show=scripts.SHOW_VIDEO_SCRIPT,
    listing=scripts.LIST_VIDEO_SCRIPTS,
    listed="video_scripts",
    update=scripts.UPDATE_VIDEO_SCRIPT,
    delete=scripts.DELETE_VIDEO_SCRIPT,
    begins={"script_name": ""},
)
ROOM = Kind(
    id_name="room_id",
    create=rooms.CREATE_SMART_LIVE_ROOM,
    show=rooms.SHOW_SMART_LIVE_ROOM,
    listing=rooms.LIST_SMART_LIVE_ROOMS,
    listed="smart_live_rooms",
    update=rooms.UPDATE_SMART_LIVE_ROOM,
    delete=rooms.DELETE_SMART_LIVE_ROOM,
    begins={"room_type": "NORMAL", "room_state": "ENABLE", "confirm_state": "UNCONFIRM"},
    missing="MSS.20010045",
)
RULES = Kind(
    id_name="group_id",
    create=rooms.CREATE_INTERACTION_RULE_GROUP,
    listing=rooms.LIST_INTERACTION_RULE_GROUPS,
    listed="interaction_rule_groups",
    update=rooms.UPDATE_INTERACTION_RULE_GROUP,
    delete=rooms.DELETE_INTERACTION_RULE_GROUP,
)
PRODUCT = Kind(
    id_name="product_id",
    create=products.CREATE_PRODUCT,
    show=products.SHOW_PRODUCT,
    listing=products.LIST_PRODUCTS,
    listed="products",
    update=products.UPDATE_PRODUCT,
    delete=products.DELETE_PRODUCT,
    begins={"state": "UNACTIVED"},
)
READING = Kind(
    id_name="id",
    create=vocabulary.CREATE_TTSC_VOCABULARY_CONFIGS,
    listing=vocabulary.LIST_TTSC_VOCABULARY_CONFIGS,
    listed="data",
    delete=None,
)
READINGS = Kind(
    id_name="group_id",
    create=vocabulary.CREATE_TTSC_VOCABULARY_GROUPS,
    listing=vocabulary.LIST_TTSC_VOCABULARY_GROUPS,
    listed="data",
    update=vocabulary.UPDATE_TTSC_VOCABULARY_GROUPS,
    delete=vocabulary.DELETE_TTSC_VOCABULARY_GROUPS,
)
SOURCE = Kind(
    id_name="video_source_id",
    create=vias.sources.CREATE_VIDEO_SOURCE,
    show=vias.sources.SHOW_VIDEO_SOURCE,
    listing=vias.sources.LIST_VIDEO_SOURCES,
    listed="video_source_list",
    delete=vias.sources.DELETE_VIDEO_SOURCE,
    begins={"status": 1},
    deleted=True,
)
SOURCES = Kind(
    id_name="video_group_id",
    create=vias.sources.CREATE_VIDEO_GROUP,
    show=vias.sources.SHOW_VIDEO_GROUP,
    listing=vias.sources.LIST_VIDEO_GROUPS,
    listed="video_groups",
    delete=vias.sources.DELETE_VIDEO_GROUP,
)

KINDS = (SCRIPT, ROOM, RULES, PRODUCT, READING, READINGS, SOURCE, SOURCES)


class Records:
    """All things of all kinds; used from one event loop.

    :param now: the clock, in Unix time
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: dict[str, dict[str, Record]] = {}

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """What answers each action, by its name."""
        found: dict[str, Callable[[RestCall], Any]] = {}
        for kind in KINDS:
            for action, answer in (
                (kind.create, self._create),
                (kind.show, self._show),
                (kind.listing, self._list),
                (kind.update, self._update),
                (kind.delete, self._delete),
            ):
                if action is not None:
                    found[action.name] = _bound(answer, kind)
        found[scripts.COPY_VIDEO_SCRIPTS.name] = self._copy_script
        found[products.SET_PRODUCT_ASSET.name] = self._set_product_asset
        found[vocabulary.DELETE_TTSC_VOCABULARY_CONFIGS.name] = self._delete_readings
        found[vocabulary.SAVE_TTSC_VOCABULARY_CONFIGS.name] = self._save_reading
        return found

    def find(self, kind: Kind, record_id: str) -> Record:
        """The thing of that id.

        :raises ApiError: there is none
        """
        found = self._of(kind).get(record_id)
        if found is None:
            what = f"{kind.id_name} {record_id}"
            if kind.missing is not None:
                raise refusal(kind.missing, f"not found: {what}")
            raise not_there(kind.create.service.name, what)
        return found

    def reset(self) -> None:
        """Forget everything."""
        self._kept.clear()

    def _of(self, kind: Kind) -> dict[str, Record]:
        return self._kept.setdefault(kind.create.name, {})

    def _put(self, kind: Kind, fields: Mapping[str, Any]) -> Record:
        now = rfc3339(self._now())
        record = {
            **kind.begins,
            **fields,
            kind.id_name: new_id(),
            "create_time": now,
            "update_time": now,
        }
        if record.pop("auto_active", False):
            record["state"] = "ACTIVED"
        self._of(kind)[record[kind.id_name]] = record
        return record

    def _create(self, kind: Kind, call: RestCall) -> Record:
        record = self._put(kind, call.parameters)
        # Groups of readings answer their id under another name than they take it.
        return {kind.create.answer[0]: record[kind.id_name]}

    def _show(self, kind: Kind, call: RestCall) -> Record:
        return _told(call.action, self.find(kind, call.parameters[kind.id_name]))

    def _list(self, kind: Kind, call: RestCall) -> Record:
        asked = dict(call.parameters)
        if "page_size" in asked:
            asked["limit"] = asked.pop("page_size")
            asked["offset"] = (asked.pop("page_num", 1) - 1) * asked["limit"]
        count, page = page_of(self._of(kind).values(), asked)
        if kind is SOURCE:
            counts = {"video_source_number": len(page), "total_number": count, "quota_number": 1000}
        else:
            counts = {"count": count}
        return {**counts, kind.listed: page}

    def _update(self, kind: Kind, call: RestCall) -> Record:
        record = self.find(kind, call.parameters[kind.id_name])
        record.update(call.parameters, update_time=rfc3339(self._now()))
        return _told(call.action, record) if call.action.answer else {}

    def _delete(self, kind: Kind, call: RestCall) -> Any:
        record_id = call.parameters[kind.id_name]
        self.find(kind, record_id)
        del self._of(kind)[record_id]
        return kind.deleted

    def _copy_script(self, call: RestCall) -> Record:
        copy = self._put(SCRIPT, self.find(SCRIPT, call.parameters["script_id"]))
        return {"script_id": copy["script_id"]}

    def _set_product_asset(self, call: RestCall) -> Record:
        product = self.find(PRODUCT, call.parameters["product_id"])
        for given, name in (("asset_item", "asset_list"), ("text_item", "text_list")):
            item = call.parameters.get(given)
            if item is not None:
                others = [each for each in product.get(name, []) if each != item]
                product[name] = others if call.parameters.get("action") == "UNLINK" else [*others, item]
        return {}

    def _save_reading(self, call: RestCall) -> Record:
        record = self.find(READING, call.parameters["vocabulary_id"])
        record.update({name: value for name, value in call.parameters.items() if name != "vocabulary_id"})
        return {"id": record["id"]}

    def _delete_readings(self, call: RestCall) -> Record:
        for record_id in call.parameters.get("id", []):
            self._of(READING).pop(record_id, None)
        return {}


def _bound(answer: Callable[[Kind, RestCall], Any], kind: Kind) -> Callable[[RestCall], Any]:
    return lambda call: answer(kind, call)


def _told(action: Action, record: Mapping[str, Any]) -> Record:
    known = {name: record[name] for name in action.answer if name in record}
    return known or dict(record)
