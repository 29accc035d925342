"""The media transforms of the emulator: one function of files for each action.

A transform is a pure function of files: it reads those that its request names and writes its results into an
empty folder. It knows no HTTP, no clock and no job. They are classical algorithms that approximate
those of the service; the limits of each are in its docstring.

Importing this package costs nothing: what decodes and encodes is imported when a transform is called. That
happens in a worker process, so that a crash of a codec affects nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

Transform = Callable[[Mapping[str, Any], Path], dict[str, Any]]

TRANSFORMS: Mapping[str, str] = MappingProxyType(
    {
        "AbstractEcommerceVideo": "abstract_ecommerce_video",
        "AbstractFilmVideo": "abstract_film_video",
        "AdjustVideoColor": "adjust_video_color",
        "ChangeVideoSize": "change_video_size",
        "DetectVideoShot": "detect_video_shot",
        "EnhancePortraitVideo": "enhance_portrait_video",
        "EnhanceVideoQuality": "enhance_video_quality",
        "EraseVideoLogo": "erase_video_logo",
        "EraseVideoSubtitles": "erase_video_subtitles",
        "GenerateVideo": "generate_video",
        "GenerateVideoCover": "generate_video_cover",
        "InterpolateVideoFrame": "interpolate_video_frame",
        "SuperResolveVideo": "super_resolve_video",
        "EvaluateVideoQuality": "evaluate_video_quality",
        "SplitVideoParts": "split_video_parts",
        "RemoveImageSubtitles": "images.erasing.remove_image_subtitles",
        "ErasePerson": "images.erasing.erase_person",
        "MakeSuperResolutionImage": "images.sizes.make_super_resolution_image",
        "GenerateSuperResolutionImage": "images.sizes.generate_super_resolution_image",
        "ChangeImageSize": "images.sizes.change_image_size",
        "EnhanceImageColor": "images.colors.enhance_image_color",
        "RecolorImage": "images.colors.recolor_image",
        "RecolorHDImage": "images.colors.recolor_image",
        "ImitatePhotoStyle": "images.colors.imitate_photo_style",
        "RecognizeImageColor": "images.colors.recognize_image_color",
        "AssessSharpness": "images.scores.assess_sharpness",
        "AssessExposure": "images.scores.assess_exposure",
    }
)
"""Action -> its transform: module and function, or a function in a module of the same name."""


def transform(action: str, request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Make the files of one job.

    :param action: one of :data:`TRANSFORMS`
    :param request: its parameters by their wire names, validated and typed, each file as a local path;
        optional ones may be missing or None
    :param folder: an empty folder, for the results
    :return: field of the result -> its value, in which each generated file is given as its path
    :raises KeyError: there is no transform for the action
    :raises MediaError: the files cannot be used (:mod:`airflow_provider_viapi.emulator.media.errors`)
    """
    module, _, name = TRANSFORMS[action].rpartition(".")
    function: Transform = getattr(import_module(f"{__name__}.{module or name}"), name)
    return function({key: value for key, value in request.items() if value is not None}, folder)
