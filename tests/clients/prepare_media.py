"""Writes the clips and the photographs that the clients work with into a folder.

Runs where the emulator is installed, because it needs what the environments of the clients do not have.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
PHOTOGRAPHS = ("chelsea", "coffee", "motorcycle_left", "motorcycle_right", "rocket")


def main(folder: Path) -> None:
    """Write ``clip.mp4``, ``square.mp4`` and a JPEG of each photograph."""
    sys.path.insert(0, str(ROOT / "scripts"))
    import media_samples

    media_samples.clean_copy(media_samples.bikes(), folder / "clip.mp4", seconds=3, size=(864, 368))
    media_samples.clean_copy(media_samples.bikes(), folder / "square.mp4", seconds=1, size=(320, 320))
    photographs = media_samples.photographs()
    for name in PHOTOGRAPHS:
        with Image.open(photographs[name]) as photograph:
            smaller = photograph.convert("RGB")
            smaller.thumbnail((512, 512))
            smaller.save(folder / f"{name}.jpg", quality=95)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
