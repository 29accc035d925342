"""Scripts, videos and business cards, with typed arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from airflow_provider_viapi.huawei.calls.group import Answer, Group
from airflow_provider_viapi.huawei.services import metastudio

if TYPE_CHECKING:
    from typing_extensions import Required, Unpack


class Script(TypedDict, total=False):
    """Arguments of ``Scripts.create`` and ``Scripts.update``."""

    script_name: str
    script_description: str
    view_mode: str
    model_asset_id: str
    model_asset_type: str
    voice_config: Mapping[str, Any]
    video_config: Mapping[str, Any]
    priv_data: str
    background_music_config: Mapping[str, Any]
    review_config: Mapping[str, Any]
    audio_files: Mapping[str, Any]
    action_config: Mapping[str, Any]
    shoot_scripts: Sequence[Mapping[str, Any]]


class AvatarVideo(TypedDict, total=False):
    """Arguments of ``Videos.create``."""

    script_id: str
    model_asset_id: str
    voice_config: Mapping[str, Any]
    video_config: Mapping[str, Any]
    shoot_scripts: Sequence[Mapping[str, Any]]
    output_asset_config: Mapping[str, Any]
    background_music_config: Mapping[str, Any]
    review_config: Mapping[str, Any]
    callback_config: Mapping[str, Any]
    action_config: Mapping[str, Any]


class PhotoVideo(TypedDict, total=False):
    """Arguments of ``Videos.create_from_photo``."""

    script_id: str
    human_image: Required[str]
    voice_config: Mapping[str, Any]
    video_config: Mapping[str, Any]
    shoot_scripts: Required[Sequence[Mapping[str, Any]]]
    output_asset_config: Required[Mapping[str, Any]]
    background_music_config: Mapping[str, Any]
    review_config: Mapping[str, Any]
    callback_config: Mapping[str, Any]
    id_card_image1: str
    id_card_image2: str
    authorize_use_human_image: bool


class VideoFilter(TypedDict, total=False):
    """Arguments of ``Videos.list``."""

    offset: int
    limit: int
    state: str
    sort_key: str
    sort_dir: str
    create_until: str
    create_since: str
    fuzzy_query_field: Sequence[str]
    script_id: str
    asset_name: str
    job_type: str
    job_id: str
    job_ids: Sequence[str]


class Card(TypedDict, total=False):
    """Arguments of ``Cards.create`` and ``Cards.update``."""

    business_card_type: Required[str]
    card_templet_asset_id: Required[str]
    card_text_config: Required[Mapping[str, Any]]
    card_image_config: Required[Mapping[str, Any]]
    introduction_type: str
    introduction_text: str
    voice_asset_id: str
    introduction_audio_asset_id: str
    video_asset_name: str
    gender: str
    review_config: Mapping[str, Any]
    callback_config: Mapping[str, Any]


class CardFilter(TypedDict, total=False):
    """Arguments of ``Cards.list``."""

    offset: int
    limit: int
    state: str
    sort_key: str
    sort_dir: str
    create_until: str
    create_since: str
    video_asset_name: str


class Scripts(Group):
    """Scripts of avatar videos."""

    def create(self, **fields: Unpack[Script]) -> Answer:
        """Write the script of an avatar video."""
        return self._call(metastudio.scripts.CREATE_VIDEO_SCRIPTS, fields)

    def list(
        self,
        *,
        offset: int | None = None,
        limit: int | None = None,
        name: str | None = None,
        script_catalog: str | None = None,
        view_mode: str | None = None,
    ) -> Answer:
        """The scripts that fit."""
        return self._call(
            metastudio.scripts.LIST_VIDEO_SCRIPTS,
            {
                "offset": offset,
                "limit": limit,
                "name": name,
                "script_catalog": script_catalog,
                "view_mode": view_mode,
            },
        )

    def show(self, script_id: str) -> Answer:
        """A script."""
        return self._call(metastudio.scripts.SHOW_VIDEO_SCRIPT, {"script_id": script_id})

    def update(self, script_id: str, **fields: Unpack[Script]) -> Answer:
        """Change a script."""
        return self._call(metastudio.scripts.UPDATE_VIDEO_SCRIPT, {"script_id": script_id, **fields})

    def delete(self, script_id: str) -> Answer:
        """Delete a script."""
        return self._call(metastudio.scripts.DELETE_VIDEO_SCRIPT, {"script_id": script_id})

    def copy(self, script_id: str) -> Answer:
        """Copy a script."""
        return self._call(metastudio.scripts.COPY_VIDEO_SCRIPTS, {"script_id": script_id})


class Videos(Group):
    """Videos of avatars and of people on photos, and subtitles."""

    def create(self, **fields: Unpack[AvatarVideo]) -> Answer:
        """Make a video of an avatar, from a script or from what is given here."""
        return self._call(metastudio.videos.CREATE_2D_DIGITAL_HUMAN_VIDEO, fields)

    def show(self, job_id: str, *, show_script: bool | None = None) -> Answer:
        """How an avatar video's job stands."""
        return self._call(
            metastudio.videos.SHOW_2D_DIGITAL_HUMAN_VIDEO, {"job_id": job_id, "show_script": show_script}
        )

    def cancel(self, job_id: str) -> Answer:
        """Cancel an avatar video that still waits."""
        return self._call(metastudio.videos.CANCEL_2D_DIGITAL_HUMAN_VIDEO, {"job_id": job_id})

    def create_from_photo(self, **fields: Unpack[PhotoVideo]) -> Answer:
        """Make a video of a person from a photo."""
        return self._call(metastudio.videos.CREATE_PHOTO_DIGITAL_HUMAN_VIDEO, fields)

    def show_from_photo(self, job_id: str, *, show_script: bool | None = None) -> Answer:
        """How a photo video's job stands."""
        return self._call(
            metastudio.videos.SHOW_PHOTO_DIGITAL_HUMAN_VIDEO, {"job_id": job_id, "show_script": show_script}
        )

    def cancel_from_photo(self, job_id: str) -> Answer:
        """Cancel a photo video that still waits."""
        return self._call(metastudio.videos.CANCEL_PHOTO_DIGITAL_HUMAN_VIDEO, {"job_id": job_id})

    def check_photo(self, *, human_image: str) -> Answer:
        """Find out whether a photo is fit for a video."""
        return self._call(metastudio.videos.CREATE_PHOTO_DETECTION, {"human_image": human_image})

    def show_photo_check(self, job_id: str) -> Answer:
        """How the check of a photo stands."""
        return self._call(metastudio.videos.SHOW_PHOTO_DETECTION, {"job_id": job_id})

    def list(self, **fields: Unpack[VideoFilter]) -> Answer:
        """The jobs of avatar and photo videos that fit."""
        return self._call(metastudio.videos.LIST_DIGITAL_HUMAN_VIDEO, fields)

    def create_subtitles(
        self,
        *,
        script_id: str | None = None,
        sequence_no: int | None = None,
        callback_config: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Make the subtitles of a script."""
        return self._call(
            metastudio.videos.CREATE_SUBTITLE_FILE,
            {"script_id": script_id, "sequence_no": sequence_no, "callback_config": callback_config},
        )

    def show_subtitles(self, job_id: str) -> Answer:
        """How the making of subtitles stands, scene by scene."""
        return self._call(metastudio.videos.SHOW_SUBTITLE_FILE, {"job_id": job_id})


class Cards(Group):
    """Business cards of people who speak."""

    def create(self, **fields: Unpack[Card]) -> Answer:
        """Make a business card of a person who speaks."""
        return self._call(metastudio.cards.CREATE_DIGITAL_HUMAN_BUSINESS_CARD, fields)

    def list(self, **fields: Unpack[CardFilter]) -> Answer:
        """The jobs of business cards that fit."""
        return self._call(metastudio.cards.LIST_DIGITAL_HUMAN_BUSINESS_CARD, fields)

    def show(self, job_id: str) -> Answer:
        """How a business card's job stands."""
        return self._call(metastudio.cards.SHOW_DIGITAL_HUMAN_BUSINESS_CARD, {"job_id": job_id})

    def update(self, job_id: str, **fields: Unpack[Card]) -> Answer:
        """Make a business card anew with other content."""
        return self._call(metastudio.cards.UPDATE_DIGITAL_HUMAN_BUSINESS_CARD, {"job_id": job_id, **fields})

    def delete(self, job_id: str) -> Answer:
        """Delete a business card's job."""
        return self._call(metastudio.cards.DELETE_DIGITAL_HUMAN_BUSINESS_CARD, {"job_id": job_id})
