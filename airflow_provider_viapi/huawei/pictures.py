"""Parameter type of pictures, and what they are in Base64."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any, TypeGuard

from airflow_provider_viapi.scalar_parameters import String
from airflow_provider_viapi.schema import ValidationError
from airflow_provider_viapi.storage_addresses import STORED, as_address, stored_address


class Picture(String):
    """A JPEG or PNG picture in Base64; of bytes, Base64 is made.

    :param max_pixels: largest picture, width and height, upright or landscape; default: not checked
    :param opens: return true for the scheme (``s3``) of an address that operators read the picture from; what is sent
        is always the picture itself
    """

    max_pixels: tuple[int, int] | None = None
    opens: Callable[[str], bool] | None = None

    @property
    def allowed(self) -> str:
        picture = "a JPEG or PNG picture, as bytes or in Base64"
        return picture if self.opens is None else f"{picture}; or {STORED}"

    def check(self, value: Any) -> str:
        if self.opens is not None:
            value = as_address(value)
            if is_address(value):
                return stored_address(value, self.opens, self.allowed)
        try:
            content = picture_content(value) if isinstance(value, str) else value
        except ValueError:
            content = None
        if isinstance(content, bytearray):
            content = bytes(content)
        if not isinstance(content, bytes) or picture_type(content) is None:
            raise ValidationError(self.allowed)
        return "".join(value.split()) if isinstance(value, str) else b64encode(content).decode()

    def redacted_repr(self, value: Any) -> str:
        # A picture may show a human, and is long.
        size = f" of {len(value)} characters or bytes" if isinstance(value, str | bytes) else ""
        return f"{type(value).__name__}{size}"


def is_address(value: Any) -> TypeGuard[str]:
    """Return whether the value of a picture is its address, and not the picture itself."""
    return isinstance(value, str) and "://" in value[:20]


def picture_type(content: bytes) -> str | None:
    """Return the media type of a picture by its first bytes; ``None`` if it is neither JPEG nor PNG."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/png" if content.startswith(b"\x89PNG\r\n\x1a\n") else None


def picture_content(text: str) -> bytes:
    """Return the bytes of a picture in Base64, after ``data:…,`` or alone.

    :raises ValueError: it is not Base64
    """
    content = text.partition(",")[2] if text.startswith("data:") else text
    # Some encoders wrap lines.
    return b64decode("".join(content.split()), validate=True)
