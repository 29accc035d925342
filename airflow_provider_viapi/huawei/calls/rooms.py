"""Live rooms and rules for replies to viewers, with typed arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from airflow_provider_viapi.huawei.calls.group import Answer, Group
from airflow_provider_viapi.huawei.services import metastudio

if TYPE_CHECKING:
    from typing_extensions import Required, Unpack


class Room(TypedDict, total=False):
    """Arguments of ``Rooms.create`` and ``Rooms.update``."""

    room_name: Required[str]
    room_description: str
    room_type: str
    scene_scripts: Sequence[Mapping[str, Any]]
    interaction_config: Mapping[str, Any]
    interaction_rules: Sequence[Mapping[str, Any]]
    play_policy: Mapping[str, Any]
    video_config: Mapping[str, Any]
    output_urls: Sequence[str]
    stream_keys: Sequence[str]
    backup_model_asset_ids: Sequence[str]
    live_event_callback_config: Mapping[str, Any]
    rtc_callback_config: Mapping[str, Any]
    review_config: Mapping[str, Any]
    shared_config: Mapping[str, Any]
    view_mode: str
    co_streamer_config: Mapping[str, Any]
    priv_data: str
    relation_live_platform_info: Mapping[str, Any]


class RoomFilter(TypedDict, total=False):
    """Arguments of ``Rooms.list``."""

    offset: int
    limit: int
    room_name: str
    dh_id: str
    model_name: str
    live_state: str
    start_time: str
    end_time: str
    room_type: str
    template_own_type: str
    confirm_state: str


class Rooms(Group):
    """Live rooms."""

    def create(self, **fields: Unpack[Room]) -> Answer:
        """Set up a live room."""
        return self._call(metastudio.rooms.CREATE_SMART_LIVE_ROOM, fields)

    def list(self, **fields: Unpack[RoomFilter]) -> Answer:
        """The live rooms that fit."""
        return self._call(metastudio.rooms.LIST_SMART_LIVE_ROOMS, fields)

    def show(self, room_id: str) -> Answer:
        """A live room with its scripts."""
        return self._call(metastudio.rooms.SHOW_SMART_LIVE_ROOM, {"room_id": room_id})

    def update(self, room_id: str, **fields: Unpack[Room]) -> Answer:
        """Change a live room."""
        return self._call(metastudio.rooms.UPDATE_SMART_LIVE_ROOM, {"room_id": room_id, **fields})

    def delete(self, room_id: str) -> Answer:
        """Delete a live room."""
        return self._call(metastudio.rooms.DELETE_SMART_LIVE_ROOM, {"room_id": room_id})


class Rules(Group):
    """Libraries of rules for replies to viewers."""

    def create(
        self, *, group_name: str, interaction_rules: Sequence[Mapping[str, Any]] | None = None
    ) -> Answer:
        """Make a library of rules for replies to viewers."""
        return self._call(
            metastudio.rooms.CREATE_INTERACTION_RULE_GROUP,
            {"group_name": group_name, "interaction_rules": interaction_rules},
        )

    def list(
        self,
        *,
        offset: int | None = None,
        limit: int | None = None,
        create_since: str | None = None,
        create_until: str | None = None,
        group_name: str | None = None,
    ) -> Answer:
        """The libraries of rules that fit."""
        return self._call(
            metastudio.rooms.LIST_INTERACTION_RULE_GROUPS,
            {
                "offset": offset,
                "limit": limit,
                "create_since": create_since,
                "create_until": create_until,
                "group_name": group_name,
            },
        )

    def update(
        self, group_id: str, *, group_name: str, interaction_rules: Sequence[Mapping[str, Any]] | None = None
    ) -> Answer:
        """Change a library of rules."""
        return self._call(
            metastudio.rooms.UPDATE_INTERACTION_RULE_GROUP,
            {"group_id": group_id, "group_name": group_name, "interaction_rules": interaction_rules},
        )

    def delete(self, group_id: str) -> Answer:
        """Delete a library of rules."""
        return self._call(metastudio.rooms.DELETE_INTERACTION_RULE_GROUP, {"group_id": group_id})
