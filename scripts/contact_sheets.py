"""Makes the contact sheets of ``docs/media.md``: for each action, what went in beside what came out.

``python scripts/contact_sheets.py [ACTION ...]`` makes those of the named actions, or all of them, from clips and
photographs that are installed for development (see :mod:`media_samples`). All take about two minutes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from sheets import (
    colors,
    erasing,
    frame_interpolation,
    generated,
    high_dynamic_range,
    photographs,
    shots_and_covers,
    sizes,
    summaries,
)
from sheets.page import Page

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"

SHEETS: Mapping[str, Callable[[Path], Page]] = {
    "AbstractEcommerceVideo": summaries.abstract_ecommerce_video,
    "AbstractFilmVideo": summaries.abstract_film_video,
    "AdjustVideoColor": colors.adjust_video_color,
    "ChangeVideoSize": sizes.change_video_size,
    "DetectVideoShot": shots_and_covers.detect_video_shot,
    "EnhancePortraitVideo": colors.enhance_portrait_video,
    "EnhanceVideoQuality": high_dynamic_range.enhance_video_quality,
    "EraseVideoLogo": erasing.erase_video_logo,
    "EraseVideoSubtitles": erasing.erase_video_subtitles,
    "GenerateVideo": generated.generate_video,
    "GenerateVideoCover": shots_and_covers.generate_video_cover,
    "InterpolateVideoFrame": frame_interpolation.interpolate_video_frame,
    "Images": photographs.images,
    "SuperResolveVideo": sizes.super_resolve_video,
}
"""Action, or Images for all actions on images -> what draws its sheet, given an empty folder for clips."""


def main() -> None:
    """Make the sheets that the command line names."""
    parser = argparse.ArgumentParser(description="Make the contact sheets of docs/media.md.")
    parser.add_argument("action", nargs="*", help=f"{', '.join(SHEETS)}; all of them by default")
    actions = parser.parse_args().action or list(SHEETS)
    if unknown := set(actions) - set(SHEETS):
        parser.error(f"there is no sheet of {', '.join(sorted(unknown))}")
    PICTURES.mkdir(exist_ok=True)
    for action in actions:
        started = time.monotonic()
        target = PICTURES / f"{action}.jpg"
        with TemporaryDirectory() as folder:
            SHEETS[action](Path(folder)).save(target)
        print(f"{target.name}: {target.stat().st_size // 1000} kB, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
