"""The still that stands for a video in a list."""

from __future__ import annotations

from pathlib import Path

from airflow_provider_viapi.emulator.media.frame_stats import richness, small
from airflow_provider_viapi.emulator.media.frames import shown_image
from airflow_provider_viapi.emulator.media.video import VideoSource

JPEG_QUALITY = 90


def write_cover(video: Path, target: Path) -> None:
    """Write the picture of a video that shows most as a JPEG: not black or blank, rich in tones, and sharp.

    :param video: the clip to look through
    :param target: the JPEG to write, of the clip's size
    """
    with VideoSource(video, deinterlace=True) as clip:
        best = max(clip.pictures(), key=lambda picture: richness(small(picture)[0]))
        shown_image(best, clip.traits.pixel_aspect).save(target, "JPEG", quality=JPEG_QUALITY)
