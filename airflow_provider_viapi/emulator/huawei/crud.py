"""Stored records: scripts, live rooms, products, video sources and others.

Each kind of record is data: the actions that create, show, list, update and delete it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_viapi.emulator.huawei.errors import api_error, not_found
from airflow_provider_viapi.emulator.huawei.pagination import page_of
from airflow_provider_viapi.emulator.huawei.rest import RestCall, new_id, rfc3339
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services import vias
from airflow_provider_viapi.huawei.services.metastudio import products, rooms, scripts, vocabulary

Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of record.

    :param id_name: parameter and field that hold the id
    :param create: action that creates one
    :param show: action that returns one
    :param listing: action that lists them, in the field ``listed``
    :param update: action that changes one
    :param delete: action that deletes one
    :param defaults: fields of a new record
    :param delete_reply: response of ``delete``
    :param not_found_code: error code for an unknown id, if the documents have one
    """

    id_name: str
    create: Action
    show: Action | None = None
    listing: Action
    listed: str
    update: Action | None = None
    delete: Action | None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    delete_reply: Any = field(default_factory=dict)
    not_found_code: str | None = None


SCRIPT = Kind(
    id_name="script_id",
    create=scripts.CREATE_VIDEO_SCRIPTS,
    show=scripts.SHOW_VIDEO_SCRIPT,
    listing=scripts.LIST_VIDEO_SCRIPTS,
    listed="video_scripts",
    update=scripts.UPDATE_VIDEO_SCRIPT,
    delete=scripts.DELETE_VIDEO_SCRIPT,
    defaults={"script_name": ""},
)
ROOM = Kind(
    id_name="room_id",
    create=rooms.CREATE_SMART_LIVE_ROOM,
    show=rooms.SHOW_SMART_LIVE_ROOM,
    listing=rooms.LIST_SMART_LIVE_ROOMS,
    listed="smart_live_rooms",
    update=rooms.UPDATE_SMART_LIVE_ROOM,
    delete=rooms.DELETE_SMART_LIVE_ROOM,
    defaults={"room_type": "NORMAL", "room_state": "ENABLE", "confirm_state": "UNCONFIRM"},
    not_found_code="MSS.20010045",
)
RULE_GROUP = Kind(
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
    defaults={"state": "UNACTIVED"},
)
VOCABULARY = Kind(
    id_name="id",
    create=vocabulary.CREATE_TTSC_VOCABULARY_CONFIGS,
    listing=vocabulary.LIST_TTSC_VOCABULARY_CONFIGS,
    listed="data",
    delete=None,
)
VOCABULARY_GROUP = Kind(
    id_name="group_id",
    create=vocabulary.CREATE_TTSC_VOCABULARY_GROUPS,
    listing=vocabulary.LIST_TTSC_VOCABULARY_GROUPS,
    listed="data",
    update=vocabulary.UPDATE_TTSC_VOCABULARY_GROUPS,
    delete=vocabulary.DELETE_TTSC_VOCABULARY_GROUPS,
)
VIDEO_SOURCE = Kind(
    id_name="video_source_id",
    create=vias.sources.CREATE_VIDEO_SOURCE,
    show=vias.sources.SHOW_VIDEO_SOURCE,
    listing=vias.sources.LIST_VIDEO_SOURCES,
    listed="video_source_list",
    update=vias.sources.UPDATE_VIDEO_SOURCE,
    delete=vias.sources.DELETE_VIDEO_SOURCE,
    defaults={"status": 1},
    delete_reply=True,
)
VIDEO_GROUP = Kind(
    id_name="video_group_id",
    create=vias.sources.CREATE_VIDEO_GROUP,
    show=vias.sources.SHOW_VIDEO_GROUP,
    listing=vias.sources.LIST_VIDEO_GROUPS,
    listed="video_group_list",
    update=vias.sources.UPDATE_VIDEO_GROUP,
    delete=vias.sources.DELETE_VIDEO_GROUP,
)
EDGE_POOL = Kind(
    id_name="id",
    create=vias.algorithms.CREATE_EDGE_POOL,
    show=vias.algorithms.SHOW_EDGE_POOL,
    listing=vias.algorithms.LIST_EDGE_POOLS,
    listed="edge_pools",
    delete=vias.algorithms.DELETE_EDGE_POOL,
    defaults={"state": "RUNNING", "nodes": []},
)

KINDS = (
    *(SCRIPT, ROOM, RULE_GROUP, PRODUCT, VOCABULARY, VOCABULARY_GROUP),
    *(VIDEO_SOURCE, VIDEO_GROUP, EDGE_POOL),
)


class Records:
    """All records of all kinds; used from one event loop.

    :param now: the clock, in Unix time
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._records: dict[str, dict[str, Record]] = {}

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """Return the handler of each action by its name."""
        found: dict[str, Callable[[RestCall], Any]] = {}
        for kind in KINDS:
            for action, handler in (
                (kind.create, self._create),
                (kind.show, self._show),
                (kind.listing, self._list),
                (kind.update, self._update),
                (kind.delete, self._delete),
            ):
                if action is not None:
                    found[action.name] = _bind(handler, kind)
        found[scripts.COPY_VIDEO_SCRIPTS.name] = self._copy_script
        found[products.SET_PRODUCT_ASSET.name] = self._set_product_asset
        found[vocabulary.DELETE_TTSC_VOCABULARY_CONFIGS.name] = self._delete_vocabulary
        found[vocabulary.SAVE_TTSC_VOCABULARY_CONFIGS.name] = self._save_vocabulary
        return found

    def find(self, kind: Kind, record_id: str) -> Record:
        """Return the record with that id.

        :raises ApiError: there is no such record
        """
        found = self._of(kind).get(record_id)
        if found is None:
            name = f"{kind.id_name} {record_id}"
            if kind.not_found_code is not None:
                raise api_error(kind.not_found_code, f"not found: {name}")
            raise not_found(kind.create.service.name, name)
        return found

    def reset(self) -> None:
        """Delete all records."""
        self._records.clear()

    def _of(self, kind: Kind) -> dict[str, Record]:
        return self._records.setdefault(kind.create.name, {})

    def _put(self, kind: Kind, fields: Mapping[str, Any]) -> Record:
        now = rfc3339(self._now())
        record = {
            **kind.defaults,
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
        # Vocabulary groups return their id under another name than they accept it.
        return {kind.create.response_fields[0]: record[kind.id_name]}

    def _show(self, kind: Kind, call: RestCall) -> Record:
        return _answer_fields(call.action, self.find(kind, call.parameters[kind.id_name]))

    def _list(self, kind: Kind, call: RestCall) -> Record:
        filters = dict(call.parameters)
        if "page_size" in filters:
            filters["limit"] = filters.pop("page_size")
            filters["offset"] = (filters.pop("page_num", 1) - 1) * filters["limit"]
        if kind is VIDEO_GROUP:
            filters["video_group_name"] = filters.pop("name", "")
        elif kind is EDGE_POOL:
            filters["name"] = filters.pop("name_like", "")
        count, page = page_of(self._of(kind).values(), filters)
        if kind in (VIDEO_SOURCE, VIDEO_GROUP):
            number = "video_source_number" if kind is VIDEO_SOURCE else "video_group_number"
            counts = {number: len(page), "total_number": count, "quota_number": 1000}
        else:
            counts = {"count": count}
        return {**counts, kind.listed: page}

    def _update(self, kind: Kind, call: RestCall) -> Record:
        record = self.find(kind, call.parameters[kind.id_name])
        record.update(call.parameters, update_time=rfc3339(self._now()))
        return _answer_fields(call.action, record) if call.action.response_fields else {}

    def _delete(self, kind: Kind, call: RestCall) -> Any:
        record_id = call.parameters[kind.id_name]
        self.find(kind, record_id)
        del self._of(kind)[record_id]
        return kind.delete_reply

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

    def _save_vocabulary(self, call: RestCall) -> Record:
        record = self.find(VOCABULARY, call.parameters["vocabulary_id"])
        record.update({name: value for name, value in call.parameters.items() if name != "vocabulary_id"})
        return {"id": record["id"]}

    def _delete_vocabulary(self, call: RestCall) -> Record:
        for record_id in call.parameters.get("id", []):
            self._of(VOCABULARY).pop(record_id, None)
        return {}


def _bind(handler: Callable[[Kind, RestCall], Any], kind: Kind) -> Callable[[RestCall], Any]:
    return lambda call: handler(kind, call)


def _answer_fields(action: Action, record: Mapping[str, Any]) -> Record:
    known = {name: record[name] for name in action.response_fields if name in record}
    return known or dict(record)
