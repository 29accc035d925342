"""Operators for videos of avatars and of people on photos, subtitles, and business cards.

Lengths and ranges are from the descriptions in Huawei's Python SDK (huaweicloudsdkmetastudio 3.1.219), which
describes little of the structures' fields: structures are passed on unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services.metastudio import cards, videos
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import XComArg
    from typing_extensions import Unpack

    from airflow_provider_viapi.jobs.model import JobReport
    from airflow_provider_viapi.operators.arguments.options import (
        Address,
        Flag,
        HuaweiCloudJobOptions,
        Integer,
        Object,
        ObjectList,
        Text,
    )


class CreateAvatarVideoOperator(HuaweiCloudJobOperator):
    """Generate a video of a speaking avatar, from a script or from the arguments.

    Needs ``script_id``, or ``model_asset_id`` and ``shoot_scripts``.

    Returns ``output_asset_config``, the asset of the video: ``asset_id``, ``preview_video_url`` and ``cover_url``,
    valid for 24 hours; and ``duration`` in seconds.

    :param script_id: id of the script; other arguments override its values
    :param model_asset_id: asset id of the avatar
    :param voice_config: voice: ``voice_asset_id`` and optionally ``speed``, ``pitch``, ``volume``
    :param video_config: ``width`` and ``height`` in pixels, ``bitrate`` in kbit/s and optionally ``codec`` and others
    :param shoot_scripts: speech and pictures, scene by scene:
        ``{"sequence_no": 1, "shoot_script": {"text_config": {"text": "…"}}}``
    :param output_asset_config: ``asset_name`` of the video's asset
    :param background_music_config: music and its volume
    :param review_config: review of the content
    :param callback_config: callback after the end of the job (``callback_url``); not needed to wait for it
    :param action_config: automatic movements of the avatar
    """

    action = videos.CREATE_2D_DIGITAL_HUMAN_VIDEO

    def __init__(
        self,
        *,
        script_id: Text | None = None,
        model_asset_id: Text | None = None,
        voice_config: Object | None = None,
        video_config: Object | None = None,
        shoot_scripts: ObjectList | None = None,
        output_asset_config: Object | None = None,
        background_music_config: Object | None = None,
        review_config: Object | None = None,
        callback_config: Object | None = None,
        action_config: Object | None = None,
        **kwargs: Unpack[HuaweiCloudJobOptions],
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

    @staticmethod
    def check_request(
        action: Action, request: Mapping[str, Any], is_unresolved: Callable[[Any], bool]
    ) -> dict[str, Any]:
        """Return a request with values of their proper types, and with a script, or an avatar and scenes."""
        checked = HuaweiCloudJobOperator.check_request(action, request, is_unresolved)
        has_scenes = checked.get("model_asset_id") and checked.get("shoot_scripts")
        if not has_scenes and not checked.get("script_id"):
            raise InvalidRequest(
                "script_id is missing; without a script, model_asset_id (the avatar) and shoot_scripts (its scenes) "
                "are required",
                code="MissingParameter",
                action=action.name,
            )
        return checked


class CreatePhotoVideoOperator(HuaweiCloudJobOperator):
    """Generate a video of a speaking person from a photo.

    Returns what :class:`CreateAvatarVideoOperator` returns.

    :param human_image: image of the person, JPEG or PNG, at most 1080p: an address in any storage that Airflow's
        ``ObjectStoragePath`` opens (``s3://team/anna.jpg``), of at most 9 MB, or the image itself in Base64 or bytes
    :param shoot_scripts: speech, one scene: ``{"shoot_script": {"text_config": {"text": "…"}}}``
    :param output_asset_config: ``asset_name`` of the video's asset
    :param script_id: id of the script
    :param voice_config: voice: ``voice_asset_id`` and optionally ``speed``, ``pitch``, ``volume``
    :param video_config: ``codec`` and optionally size and bit rate
    :param background_music_config: music and its volume
    :param review_config: review of the content
    :param callback_config: callback after the end of the job (``callback_url``); not needed to wait for it
    :param id_card_image1: front of the person's identity card, like ``human_image``
    :param id_card_image2: back of the card
    :param authorize_use_human_image: the person in the image has given consent
    """

    action = videos.CREATE_PHOTO_DIGITAL_HUMAN_VIDEO

    def __init__(
        self,
        *,
        human_image: Address,
        shoot_scripts: ObjectList,
        output_asset_config: Object,
        script_id: Text | None = None,
        voice_config: Object | None = None,
        video_config: Object | None = None,
        background_music_config: Object | None = None,
        review_config: Object | None = None,
        callback_config: Object | None = None,
        id_card_image1: Address | None = None,
        id_card_image2: Address | None = None,
        authorize_use_human_image: Flag | None = None,
        **kwargs: Unpack[HuaweiCloudJobOptions],
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
    """Generate the subtitles of a script, a file for each scene; fail if those of a scene cannot be generated.

    Returns ``subtitle_file_info``: for each scene ``sequence_no`` and ``subtitle_file_download_url``.

    No list shows these jobs: a submission whose response was lost stays in doubt, see ``on_doubt``.

    :param script_id: id of the script
    :param sequence_no: number of the scene; default: all
    :param callback_config: callback after the end of the job (``callback_url``); not needed to wait for it
    """

    action = videos.CREATE_SUBTITLE_FILE

    def __init__(
        self,
        *,
        script_id: Text,
        sequence_no: Integer | None = None,
        callback_config: Object | None = None,
        **kwargs: Unpack[HuaweiCloudJobOptions],
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
                error_message=f"subtitles of scene {named} failed: {reason.get('error_msg') or 'no reason given'}",
            )
        return report


class CreateBusinessCardOperator(HuaweiCloudJobOperator):
    """Generate a business card on which an avatar of its owner speaks.

    Returns ``job_info``, which holds what :class:`CreateAvatarVideoOperator` returns.

    :param card_templet_asset_id: asset id of the card's template
    :param card_text_config: name, company, title and others
    :param card_image_config: ``human_image`` and optionally ``logo_image``, ``id_card_image1`` and
        ``id_card_image2``: addresses of JPEG or PNG images in any storage that Airflow's ``ObjectStoragePath`` opens,
        or images in Base64 or bytes
    :param business_card_type: default: ``2D_DIGITAL_HUMAN_CARD``, the only documented value
    :param introduction_type: ``TEXT`` or ``AUDIO``
    :param introduction_text: text that the person speaks
    :param voice_asset_id: asset id of the voice
    :param introduction_audio_asset_id: asset id of recorded speech
    :param video_asset_name: name of the video's asset
    :param gender: ``MALE`` or ``FEMALE``
    :param review_config: review of the content
    :param callback_config: callback after the end of the job (``callback_url``); not needed to wait for it
    """

    action = cards.CREATE_DIGITAL_HUMAN_BUSINESS_CARD

    def __init__(
        self,
        *,
        card_templet_asset_id: Text,
        card_text_config: Object,
        card_image_config: Object,
        business_card_type: Text = "2D_DIGITAL_HUMAN_CARD",
        introduction_type: Literal["TEXT", "AUDIO"] | XComArg | None = None,
        introduction_text: Text | None = None,
        voice_asset_id: Text | None = None,
        introduction_audio_asset_id: Text | None = None,
        video_asset_name: Text | None = None,
        gender: Literal["MALE", "FEMALE"] | XComArg | None = None,
        review_config: Object | None = None,
        callback_config: Object | None = None,
        **kwargs: Unpack[HuaweiCloudJobOptions],
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
