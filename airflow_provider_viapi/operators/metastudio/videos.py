"""Videos of avatars and of people on photos, subtitles, and business cards.

Lengths, ranges and what belongs together are from the descriptions in Huawei's Python SDK
(huaweicloudsdkmetastudio 3.1.219), which says little of the structures' insides: they go through as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.huawei.services import metastudio
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.model import JobReport


class CreateAvatarVideoOperator(HuaweiCloudJobOperator):
    """Make a video of an avatar that speaks, from a script or from what is given here.

    Returns ``output_asset_config``, the asset that the video becomes: ``asset_id``, ``preview_video_url`` and
    ``cover_url``, good for a day; and ``duration`` in seconds.

    :param script_id: the script; what is given here besides takes the place of what it says
    :param model_asset_id: asset of the avatar
    :param voice_config: the voice: ``voice_asset_id``, and perhaps ``speed``, ``pitch``, ``volume``
    :param video_config: ``width`` and ``height`` in pixels, ``bitrate`` in kbit/s, and perhaps ``codec`` and the like
    :param shoot_scripts: what is said and shown, scene by scene:
        ``{"sequence_no": 1, "shoot_script": {"text_config": {"text": "…"}}}``
    :param output_asset_config: ``asset_name`` of the asset that the video becomes
    :param background_music_config: music, and how loud
    :param review_config: whether the content is reviewed
    :param callback_config: whom to tell when it has ended (``callback_url``); not needed for the waiting
    :param action_config: how the avatar moves by itself
    """

    action = metastudio.videos.CREATE_2D_DIGITAL_HUMAN_VIDEO

    def __init__(
        self,
        *,
        script_id: str | None = None,
        model_asset_id: str | None = None,
        voice_config: Mapping[str, Any] | None = None,
        video_config: Mapping[str, Any] | None = None,
        shoot_scripts: Sequence[Mapping[str, Any]] | None = None,
        output_asset_config: Mapping[str, Any] | None = None,
        background_music_config: Mapping[str, Any] | None = None,
        review_config: Mapping[str, Any] | None = None,
        callback_config: Mapping[str, Any] | None = None,
        action_config: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        request = {
            "script_id": script_id,
            "model_asset_id": model_asset_id,
            "voice_config": voice_config,
            "video_config": video_config,
            "shoot_scripts": shoot_scripts,
            "output_asset_config": output_asset_config,
            "background_music_config": background_music_config,
            "review_config": review_config,
            "callback_config": callback_config,
            "action_config": action_config,
        }
        super().__init__(request=request, **kwargs)


class CreatePhotoVideoOperator(HuaweiCloudJobOperator):
    """Make a video of a person who speaks, from a photo.

    Returns what :class:`CreateAvatarVideoOperator` returns.

    :param human_image: the person's picture, at most 1080p: an address of any storage that Airflow's
        ``ObjectStoragePath`` opens (``s3://team/anna.jpg``), of at most 9 MB, or the picture itself in Base64
    :param shoot_scripts: what is said, one scene: ``{"shoot_script": {"text_config": {"text": "…"}}}``
    :param output_asset_config: ``asset_name`` of the asset that the video becomes
    :param script_id: the script
    :param voice_config: the voice: ``voice_asset_id``, and perhaps ``speed``, ``pitch``, ``volume``
    :param video_config: ``codec``, and perhaps size and bit rate
    :param background_music_config: music, and how loud
    :param review_config: whether the content is reviewed
    :param callback_config: whom to tell when it has ended (``callback_url``); not needed for the waiting
    :param id_card_image1: front of the person's identity card, as ``human_image``
    :param id_card_image2: its back
    :param authorize_use_human_image: the person in the picture has agreed
    """

    action = metastudio.videos.CREATE_PHOTO_DIGITAL_HUMAN_VIDEO
    pictures = (("human_image",), ("id_card_image1",), ("id_card_image2",))

    def __init__(
        self,
        *,
        human_image: str,
        shoot_scripts: Sequence[Mapping[str, Any]],
        output_asset_config: Mapping[str, Any],
        script_id: str | None = None,
        voice_config: Mapping[str, Any] | None = None,
        video_config: Mapping[str, Any] | None = None,
        background_music_config: Mapping[str, Any] | None = None,
        review_config: Mapping[str, Any] | None = None,
        callback_config: Mapping[str, Any] | None = None,
        id_card_image1: str | None = None,
        id_card_image2: str | None = None,
        authorize_use_human_image: bool | None = None,
        **kwargs: Any,
    ) -> None:
        request = {
            "human_image": human_image,
            "shoot_scripts": shoot_scripts,
            "output_asset_config": output_asset_config,
            "script_id": script_id,
            "voice_config": voice_config,
            "video_config": video_config,
            "background_music_config": background_music_config,
            "review_config": review_config,
            "callback_config": callback_config,
            "id_card_image1": id_card_image1,
            "id_card_image2": id_card_image2,
            "authorize_use_human_image": authorize_use_human_image,
        }
        super().__init__(request=request, **kwargs)


class CreateSubtitlesOperator(HuaweiCloudJobOperator):
    """Make the subtitles of a script, a file for each scene; fails if those of a scene could not be made.

    Returns ``subtitle_file_info``: for each scene ``sequence_no`` and ``subtitle_file_download_url``.

    No list shows such jobs: a submission whose answer was lost stays in doubt, see ``on_doubt``.

    :param script_id: the script
    :param sequence_no: which scene; all unless given
    :param callback_config: whom to tell when it has ended (``callback_url``); not needed for the waiting
    """

    action = metastudio.videos.CREATE_SUBTITLE_FILE

    def __init__(
        self,
        *,
        script_id: str,
        sequence_no: int | None = None,
        callback_config: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        request = {"script_id": script_id, "sequence_no": sequence_no, "callback_config": callback_config}
        super().__init__(request=request, **kwargs)

    def final_report(self, report: JobReport) -> JobReport:
        """Return the report as failed if the subtitles of a scene could not be generated."""
        from airflow_provider_viapi.jobs.model import Outcome

        scenes = (report.result or {}).get("subtitle_file_info") or ()
        failed = [scene for scene in scenes if scene.get("subtitle_file_state") == "GENERATE_FAILED"]
        if failed:
            reason = failed[0].get("error_info") or {}
            named = ", ".join(str(scene.get("sequence_no")) for scene in failed)
            report = replace(
                report,
                outcome=Outcome.FAILED,
                error_code=reason.get("error_code"),
                error_message=f"no subtitles for scene {named}: {reason.get('error_msg') or 'no reason given'}",
            )
        return report


class CreateBusinessCardOperator(HuaweiCloudJobOperator):
    """Make a business card on which a person introduces himself or herself.

    Returns ``job_info``, which holds what :class:`CreateAvatarVideoOperator` returns.

    :param card_templet_asset_id: asset of the card's design
    :param card_text_config: name, company, title and the like
    :param card_image_config: ``human_image`` and perhaps ``logo_image``: addresses of any storage that Airflow's
        ``ObjectStoragePath`` opens, or pictures in Base64
    :param business_card_type: ``2D_DIGITAL_HUMAN_CARD`` is the documented one
    :param introduction_type: ``TEXT`` or ``AUDIO``
    :param introduction_text: what the person says
    :param voice_asset_id: asset of the voice
    :param introduction_audio_asset_id: asset of recorded speech
    :param video_asset_name: name of the asset that the video becomes
    :param gender: ``MALE`` or ``FEMALE``
    :param review_config: whether the content is reviewed
    :param callback_config: whom to tell when it has ended (``callback_url``); not needed for the waiting
    """

    action = metastudio.cards.CREATE_DIGITAL_HUMAN_BUSINESS_CARD
    pictures = (("card_image_config", "human_image"), ("card_image_config", "logo_image"))

    def __init__(
        self,
        *,
        card_templet_asset_id: str,
        card_text_config: Mapping[str, Any],
        card_image_config: Mapping[str, Any],
        business_card_type: str = "2D_DIGITAL_HUMAN_CARD",
        introduction_type: Literal["TEXT", "AUDIO"] | None = None,
        introduction_text: str | None = None,
        voice_asset_id: str | None = None,
        introduction_audio_asset_id: str | None = None,
        video_asset_name: str | None = None,
        gender: Literal["MALE", "FEMALE"] | None = None,
        review_config: Mapping[str, Any] | None = None,
        callback_config: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        request = {
            "card_templet_asset_id": card_templet_asset_id,
            "card_text_config": card_text_config,
            "card_image_config": card_image_config,
            "business_card_type": business_card_type,
            "introduction_type": introduction_type,
            "introduction_text": introduction_text,
            "voice_asset_id": voice_asset_id,
            "introduction_audio_asset_id": introduction_audio_asset_id,
            "video_asset_name": video_asset_name,
            "gender": gender,
            "review_config": review_config,
            "callback_config": callback_config,
        }
        super().__init__(request=request, **kwargs)
