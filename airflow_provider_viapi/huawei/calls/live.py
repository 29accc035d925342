"""Live tasks and products, with typed arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from airflow_provider_viapi.huawei.calls.group import Answer, Group
from airflow_provider_viapi.huawei.services import metastudio

if TYPE_CHECKING:
    from typing_extensions import Unpack


class LiveStart(TypedDict, total=False):
    """Arguments of ``Live.start``."""

    video_config: Mapping[str, Any]
    play_policy: Mapping[str, Any]
    output_urls: Sequence[str]
    stream_keys: Sequence[str]
    interaction_callback_url: str
    live_event_callback_config: Mapping[str, Any]
    rtc_callback_config: Mapping[str, Any]
    view_mode: str
    co_streamer_config: Mapping[str, Any]
    job_run_config: Mapping[str, Any]


class LiveFilter(TypedDict, total=False):
    """Arguments of ``Live.list_of_all_rooms``."""

    offset: int
    limit: int
    state: str
    sort_key: str
    sort_dir: str
    create_since: str
    create_until: str
    room_name: str


class ProductFilter(TypedDict, total=False):
    """Arguments of ``Products.list``."""

    offset: int
    limit: int
    sort_key: str
    sort_dir: str
    create_until: str
    create_since: str
    name: str
    tag: str
    state: str


class Live(Group):
    """Live tasks: avatars on air."""

    def start(self, room_id: str, **fields: Unpack[LiveStart]) -> Answer:
        """Go on air in a live room."""
        return self._call(metastudio.live.START_SMART_LIVE, {"room_id": room_id, **fields})

    def list(
        self,
        room_id: str,
        *,
        offset: int | None = None,
        limit: int | None = None,
        state: str | None = None,
        sort_key: str | None = None,
        sort_dir: str | None = None,
        create_since: str | None = None,
        create_until: str | None = None,
    ) -> Answer:
        """The live tasks of a room."""
        return self._call(
            metastudio.live.LIST_SMART_LIVE,
            {
                "room_id": room_id,
                "offset": offset,
                "limit": limit,
                "state": state,
                "sort_key": sort_key,
                "sort_dir": sort_dir,
                "create_since": create_since,
                "create_until": create_until,
            },
        )

    def show(self, room_id: str, job_id: str) -> Answer:
        """How a live task stands."""
        return self._call(metastudio.live.SHOW_SMART_LIVE, {"room_id": room_id, "job_id": job_id})

    def stop(self, room_id: str, job_id: str) -> Answer:
        """End a live task."""
        return self._call(metastudio.live.STOP_SMART_LIVE, {"room_id": room_id, "job_id": job_id})

    def command(
        self,
        room_id: str,
        job_id: str,
        *,
        command: str,
        params: Mapping[str, Any] | None = None,
        review_config: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Tell a live task to do something."""
        return self._call(
            metastudio.live.EXECUTE_SMART_LIVE_COMMAND,
            {
                "room_id": room_id,
                "job_id": job_id,
                "command": command,
                "params": params,
                "review_config": review_config,
            },
        )

    def list_of_all_rooms(self, **fields: Unpack[LiveFilter]) -> Answer:
        """The live tasks of all rooms."""
        return self._call(metastudio.live.LIST_SMART_LIVE_JOBS, fields)

    def report_events(
        self,
        room_id: str,
        job_id: str,
        *,
        total: int,
        auth_key: str | None = None,
        expires_time: int | None = None,
        refresh_url: bool | None = None,
        events: Sequence[Mapping[str, Any]] | None = None,
        review_config: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Report what viewers have written and done."""
        return self._call(
            metastudio.live.LIVE_EVENT_REPORT,
            {
                "room_id": room_id,
                "job_id": job_id,
                "total": total,
                "auth_key": auth_key,
                "expires_time": expires_time,
                "refresh_url": refresh_url,
                "events": events,
                "review_config": review_config,
            },
        )


class Products(Group):
    """Products that avatars sell on air."""

    def create(
        self,
        *,
        name: str,
        description: str | None = None,
        tags: Sequence[str] | None = None,
        cover: Mapping[str, Any] | None = None,
        text_list: Sequence[Mapping[str, Any]] | None = None,
        asset_list: Sequence[Mapping[str, Any]] | None = None,
        auto_active: bool | None = None,
    ) -> Answer:
        """Describe a product that is sold on air."""
        return self._call(
            metastudio.products.CREATE_PRODUCT,
            {
                "name": name,
                "description": description,
                "tags": tags,
                "cover": cover,
                "text_list": text_list,
                "asset_list": asset_list,
                "auto_active": auto_active,
            },
        )

    def list(self, **fields: Unpack[ProductFilter]) -> Answer:
        """The products that fit."""
        return self._call(metastudio.products.LIST_PRODUCTS, fields)

    def show(self, product_id: str) -> Answer:
        """A product."""
        return self._call(metastudio.products.SHOW_PRODUCT, {"product_id": product_id})

    def update(
        self,
        product_id: str,
        *,
        name: str,
        description: str | None = None,
        tags: Sequence[str] | None = None,
        cover: Mapping[str, Any] | None = None,
        text_list: Sequence[Mapping[str, Any]] | None = None,
        asset_list: Sequence[Mapping[str, Any]] | None = None,
        state: str | None = None,
    ) -> Answer:
        """Change a product."""
        return self._call(
            metastudio.products.UPDATE_PRODUCT,
            {
                "product_id": product_id,
                "name": name,
                "description": description,
                "tags": tags,
                "cover": cover,
                "text_list": text_list,
                "asset_list": asset_list,
                "state": state,
            },
        )

    def delete(self, product_id: str) -> Answer:
        """Delete a product."""
        return self._call(metastudio.products.DELETE_PRODUCT, {"product_id": product_id})

    def set_asset(
        self,
        product_id: str,
        *,
        asset_item: Mapping[str, Any] | None = None,
        text_item: Mapping[str, Any] | None = None,
        action: str | None = None,
    ) -> Answer:
        """Add a picture, a video or a text to a product, or take it away."""
        return self._call(
            metastudio.products.SET_PRODUCT_ASSET,
            {"product_id": product_id, "asset_item": asset_item, "text_item": text_item, "action": action},
        )
