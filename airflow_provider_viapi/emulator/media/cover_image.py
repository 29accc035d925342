"""Write the cover image that several actions return beside their video."""

from __future__ import annotations

from pathlib import Path

from airflow_provider_viapi.emulator.media.frame_stats import detail_score, thumbnail
from airflow_provider_viapi.emulator.media.frames import shown_image
from airflow_provider_viapi.emulator.media.video import VideoSource

JPEG_QUALITY = 90


def write_cover(video: Path, target: Path) -> None:
    """Write the most detailed frame of a video as JPEG: not black or blank, rich in tones, and sharp.

    :param video: the clip to analyse
    :param target: the JPEG to write, of the clip's size
    """
    with VideoSource(video, deinterlace=True) as clip:
        best = max(clip.frames(), key=lambda frame: detail_score(thumbnail(frame)[0]))
        shown_image(best, clip.traits.pixel_aspect).save(target, "JPEG", quality=JPEG_QUALITY)
