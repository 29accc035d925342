"""Parameter types of Alibaba Cloud's actions; the types that both clouds share are in ``schema``."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_viapi.alibaba.regions import DEFAULT_REGION
from airflow_provider_viapi.alibaba.structured_parameters import (
    AtMost,
    ListOf,
    Structure,
    Structured,
    ValueList,
)
from airflow_provider_viapi.record import Record
from airflow_provider_viapi.schema import (
    INT32,
    INT64,
    Boolean,
    Choice,
    Integer,
    Number,
    Parameter,
    String,
    Url,
    ValidationError,
    as_address,
    stored_address,
)

MB, GB = 1 << 20, 1 << 30


class MediaLimits(Record):
    """Limits of the files that an action reads; ``None`` or empty means not documented or not limited.

    :param formats: file types by their usual suffix, in lower case: ``mp4``, ``jpeg``
    :param min_bytes: size of the smallest file
    :param max_bytes: size of the largest file
    :param min_pixels: smallest picture size, width and height; a picture may be turned by 90 degrees
    :param max_pixels: largest picture size, likewise
    :param sizes: the only picture sizes that are allowed, likewise
    :param exclusive: the documents say "more than" and "less than": both picture sizes are themselves refused
    :param scaled_above: longest side in pixels above which the service scales the video down instead of refusing it
    :param min_seconds: shortest video or audio
    :param max_seconds: longest video or audio
    :param cut_after: seconds after which the service ignores the rest of a video instead of refusing it
    :param constant_frame_rate: a video with a variable frame rate is refused
    :param upright: a picture that its EXIF orientation turns is refused
    :param when: the limits hold only if this field of the same structure has this value
    """

    formats: tuple[str, ...] = ()
    min_bytes: int | None = None
    max_bytes: int | None = None
    min_pixels: tuple[int, int] | None = None
    max_pixels: tuple[int, int] | None = None
    sizes: tuple[tuple[int, int], ...] = ()
    exclusive: bool = False
    scaled_above: int | None = None
    min_seconds: float | None = None
    max_seconds: float | None = None
    cut_after: float | None = None
    constant_frame_rate: bool = False
    upright: bool = False
    when: tuple[str, str] | None = None

    def applies_to(self, structure: Mapping[str, Any]) -> bool:
        """Return true if the limits hold for the file that a structure names.

        :param structure: the request, or the item of a list that has the address
        """
        return self.when is None or structure.get(self.when[0]) == self.when[1]

    def allows_pixels(self, width: int, height: int) -> bool:
        """Return true if a picture of this size is allowed, upright or landscape."""
        strict = int(self.exclusive)
        size = sorted((width, height))
        if self.sizes and size not in map(sorted, self.sizes):
            return False
        small = sorted(self.min_pixels or (1 - strict, 1 - strict))
        large = sorted(self.max_pixels or (1 << 31, 1 << 31))
        return all(
            least + strict <= side <= most - strict
            for side, least, most in zip(size, small, large, strict=True)
        )

    @property
    def pixels(self) -> str:
        """The allowed picture sizes in words, such as ``more than 128×128 and less than 1024×1024 pixels``."""
        if self.sizes:
            return " or ".join(f"{width}×{height}" for width, height in self.sizes) + " pixels"
        least, most = ("more than", "less than") if self.exclusive else ("at least", "at most")
        bounds = ((least, self.min_pixels), (most, self.max_pixels))
        sizes = [f"{bound} {size[0]}×{size[1]}" for bound, size in bounds if size is not None]
        return " and ".join(sizes) + " pixels" if sizes else ""

    @property
    def description(self) -> str:
        """All limits in words, for the reference pages; empty if none is known."""
        names = {"jpeg": "JPEG", "png": "PNG"}
        formats = [names.get(each, each.upper()) for each in self.formats]
        facts = [
            " or ".join(filter(None, (", ".join(formats[:-1]), *formats[-1:]))),
            f"at least {_size(self.min_bytes)}" if self.min_bytes else "",
            f"at most {_size(self.max_bytes)}" if self.max_bytes else "",
            self.pixels,
            f"scaled down if a side has more than {self.scaled_above} pixels" if self.scaled_above else "",
            f"at least {_duration(self.min_seconds)}" if self.min_seconds else "",
            f"at most {_duration(self.max_seconds)}" if self.max_seconds else "",
            f"cut off after {_duration(self.cut_after)}" if self.cut_after else "",
            "constant frame rate" if self.constant_frame_rate else "",
            "not turned by its EXIF orientation" if self.upright else "",
        ]
        return ", ".join(filter(None, facts))


def _size(size: int) -> str:
    unit, name = next((unit, name) for unit, name in ((GB, "GB"), (MB, "MB"), (1000, "KB")) if size >= unit)
    return f"{size / unit:g} {name}"


def _duration(seconds: float) -> str:
    unit, name = next(
        ((unit, name) for unit, name in ((3600, "hours"), (60, "minutes")) if seconds % unit == 0),
        (1, "seconds"),
    )
    return f"{seconds / unit:g} {name}"


__all__ = [
    "INT32",
    "INT64",
    "AtMost",
    "BitRate",
    "Boolean",
    "Choice",
    "Integer",
    "ListOf",
    "Media",
    "Number",
    "Parameter",
    "String",
    "Structure",
    "Structured",
    "Url",
    "ValidationError",
    "ValueList",
    "before_staging",
]


class Media(Url):
    """URL of a file that the service reads.

    Checking a URL of Alibaba Cloud OSS in another region than Shanghai warns: the documents of 2020 exclude it.

    :param limits: the documented limits of the file; of several, those whose ``when`` fits
    :param uploaded: the service reads no address but that of an upload to its temporary storage, where operators put
        the file whatever its address; the content itself, as Base64, is allowed as well
    :param opens: return true for the scheme of any other address (``s3``) that staging can copy the file from; on the
        wire there are only URLs that the service can read
    """

    limits: tuple[MediaLimits, ...] = ()
    uploaded: bool = False
    opens: Callable[[str], bool] | None = None

    @property
    def allowed(self) -> str:
        if self.uploaded:
            return f"{self._address}; or the content of the file as Base64"
        return self._address

    @property
    def _address(self) -> str:
        if self.opens is None:
            return super().allowed
        return (
            f"{super().allowed}; or one in object storage, such as s3://, gs://, abfs://, oss:// or file://"
        )

    def check(self, value: Any) -> str:
        value = as_address(value)
        if self.uploaded and is_base64(value):
            return self._checked_content(value)
        self._check_length(value)
        if isinstance(value, list | tuple):
            raise ValidationError(
                f"{self.allowed}; it is one address, for several use expand() or ViapiBatchOperator"
            )
        is_stored = isinstance(value, str) and value.partition("://")[0].lower() not in ("http", "https")
        if self.opens is not None and is_stored:
            return stored_address(value, self.opens, self.allowed)
        url = super().check(value)
        if not self.uploaded:
            self._warn_of_region(url)
        return url

    def _checked_content(self, content: str) -> str:
        size = len(content) * 3 // 4
        limits = (each.max_bytes for each in self.limits if each.max_bytes)
        if size > (most := min(limits, default=size)) + 2:
            raise ValidationError(f"{self.allowed}, of at most {_size(most)}; it has about {size:,} bytes")
        return content

    def _warn_of_region(self, url: str) -> None:
        region = _OSS_REGION.match(url)
        if region is not None and region[1] not in (DEFAULT_REGION, "accelerate"):
            warnings.warn(
                f"{self.name} is in OSS region {region[1]}; the services read from {DEFAULT_REGION} and may refuse "
                "other regions (InvalidFile.Region): copy the file to a bucket there, or give its oss:// address so "
                "that it is staged",
                stacklevel=2,
            )


def is_base64(value: Any) -> bool:
    """Return whether a value is the content of a file as Base64, and no address."""
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9+/]{64,}={0,2}", value) is not None


_OSS_REGION = re.compile(
    r"https?://[^/?#]+\.oss-([a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com(?:[:/?#]|$)", re.I
)


class BitRate(Integer):
    """Bit rate in whole megabits per second; the same in kilobits with a suffix (``15000k``) is accepted as well."""

    @property
    def allowed(self) -> str:
        kilobits = f"{self.minimum * 1000}k to {self.maximum * 1000}k"
        return f"{super().allowed} (megabits), or the same in kilobits, {kilobits} in steps of 1000"

    def check(self, value: Any) -> int:
        if isinstance(value, str) and (kilobits := re.fullmatch(r"([0-9]{1,15})000k", value)):
            value = int(kilobits[1])
        return super().check(value)


def before_staging(parameter: Parameter, opens: Callable[[str], bool]) -> Parameter:
    """Return the parameter as DAG authors may give it, before its files are where the service can read them.

    :param opens: return true for a scheme (``s3``) that files can be copied from
    """
    if isinstance(parameter, Media):
        return parameter.replace(opens=opens)
    if isinstance(parameter, Structured):
        return parameter.replace(fields=tuple(before_staging(field, opens) for field in parameter.fields))
    return parameter
