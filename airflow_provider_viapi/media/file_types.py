"""Types of media files, by the extensions of their names and by their first bytes."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

# Extensions with the same meaning.
_SAME_EXTENSIONS = {
    "jpg": "jpeg",
    "jpe": "jpeg",
    "m4v": "mp4",
    "mpeg": "mpg",
    "m2ts": "ts",
    "mts": "ts",
    "qt": "mov",
}
KNOWN_TYPES = frozenset(
    "mp4 mov avi mkv flv ts mpg mxf webm wmv jpeg png bmp gif webp tiff heic mp3 wav pdf zip txt html csv".split()  # noqa: SIM905
)
"""Types that the extension of a name is known to mean."""

_TEXT_TYPES = frozenset(("txt", "html", "csv"))

_MEDIA_TYPES = KNOWN_TYPES - _TEXT_TYPES - {"zip"} | {"m4a", "aac", "flac", "avif", "pbm", "pgm", "ppm"}

_MAGIC_NUMBERS: tuple[tuple[int, bytes, tuple[str, ...]], ...] = (
    *((4, b"ftyp" + brand, ("heic",)) for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")),
    *((4, b"ftyp" + brand, ("avif",)) for brand in (b"avif", b"avis")),
    # Of either, as the list of compatible brands that follows says.
    *((4, b"ftyp" + brand, ("heic", "avif")) for brand in (b"mif1", b"msf1")),
    (4, b"ftyp", ("mp4", "mov")),
    (8, b"AVI ", ("avi",)),
    (8, b"WAVE", ("wav",)),
    (8, b"WEBP", ("webp",)),
    (0, b"\x1a\x45\xdf\xa3", ("mkv", "webm")),
    (0, b"FLV\x01", ("flv",)),
    (0, b"\x00\x00\x01\xba", ("mpg",)),
    (0, b"\x00\x00\x01\xb3", ("mpg",)),
    (0, b"\x06\x0e\x2b\x34", ("mxf",)),
    (0, b"\xff\xd8\xff", ("jpeg",)),
    (0, b"\x89PNG\r\n\x1a\n", ("png",)),
    (0, b"GIF8", ("gif",)),
    (0, b"ID3", ("mp3",)),
    (0, b"%PDF-", ("pdf",)),
    (0, b"PK\x03\x04", ("zip",)),
)
"""Offset and bytes in a file, and the types that have them."""

_PORTABLE_PIXMAP = re.compile(rb"P[1-6][ \t\r\n]+[#0-9]")
"""Beginning of PBM, PGM and PPM, which may look like a text: of a grey image each byte may be a letter."""

HEADER_SIZE = 512
"""Bytes that are read of a file to recognise its type."""

TEXT_SIZE = 32
"""Bytes after which a file that is a text so far counts as one."""

_SHORT_ERROR = re.compile(
    rb"(?i)(?:[45][0-9]{2} )?(?:(?:file |page |object )?not found|access denied|forbidden|unauthorized|no such "
    rb"|bad gateway|internal server error|service unavailable|gateway timeout)"
)
"""Responses of servers that are shorter than :data:`TEXT_SIZE`."""

UTF_8_BYTES = 4
"""Bytes of a character at most."""


def type_by_name(name: str) -> str:
    """Return the type that the extension of a file's name means, in lower case; empty without an extension."""
    extension = PurePosixPath(name).suffix.lstrip(".").lower()
    return _SAME_EXTENSIONS.get(extension, extension)


def is_media_name(name: str) -> bool:
    """Return whether the extension of a file's name is that of a video, a sound, an image, or a PDF for OCR."""
    return type_by_name(name) in _MEDIA_TYPES


def is_text_by_mistake(name: str, beginning: bytes) -> bool:
    """Return whether a file begins with a text, such as an error page, although its name is that of a media file.

    :param beginning: its first bytes, at most :data:`HEADER_SIZE`
    """
    return type_by_name(name) in KNOWN_TYPES - _TEXT_TYPES and types_by_content(beginning) == ("text",)


def types_by_content(beginning: bytes) -> tuple[str, ...]:
    """Return the types that a file may have by its first bytes: ``text`` for any text, none if they say nothing.

    :param beginning: its first bytes, at most :data:`HEADER_SIZE`
    """
    for offset, mark, types in _MAGIC_NUMBERS:
        if beginning.startswith(mark, offset):
            return types
    if beginning[:1] == b"G" and beginning[188:189] == b"G":
        return ("ts",)
    if _PORTABLE_PIXMAP.match(beginning):
        return ("ppm",)
    return ("text",) if _is_text(beginning) else ()


def _is_text(beginning: bytes) -> bool:
    """Return whether a file is a text, such as an error page or a script: no media file begins with one."""
    # Its last character may be cut off.
    text = beginning.decode(errors="ignore")
    is_decoded = len(beginning) - len(text.encode()) < UTF_8_BYTES
    is_printable = all(character.isprintable() or character.isspace() for character in text)
    # JSON and HTML are often written without any space.
    has_words = bool(set(text) & set(" \n")) or text.startswith(("{", "[", "<"))
    is_long = len(beginning) >= TEXT_SIZE
    return (
        is_decoded and is_printable and ((is_long and has_words) or _SHORT_ERROR.match(beginning) is not None)
    )
