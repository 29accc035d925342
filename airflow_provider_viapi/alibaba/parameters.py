"""Parameter types of Alibaba Cloud's actions; the types that both clouds share are in ``scalar_parameters``."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

from airflow_provider_viapi.alibaba.regions import DEFAULT_REGION
from airflow_provider_viapi.alibaba.structured_parameters import (
    AtMost,
    ListOf,
    Structure,
    Structured,
    ValueList,
)
from airflow_provider_viapi.media_limits import MediaLimits, describe_size
from airflow_provider_viapi.scalar_parameters import (
    INT32,
    INT64,
    Boolean,
    Choice,
    Integer,
    Number,
    String,
    Url,
)
from airflow_provider_viapi.schema import Parameter, ValidationError
from airflow_provider_viapi.storage_addresses import as_address, stored_address

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
            raise ValidationError(
                f"{self.allowed}, of at most {describe_size(most)}; it has about {size:,} bytes"
            )
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
