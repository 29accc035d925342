"""Parameter types of Alibaba Cloud's actions; the types that both clouds share are in ``schema``."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

from airflow_provider_viapi.alibaba.media_parameters import MediaLimits
from airflow_provider_viapi.alibaba.structured_parameters import (
    AtMost,
    ListOf,
    Structure,
    Structured,
    ValueList,
)
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
)

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
    :param opens: return true for the scheme of any other address (``s3``) that staging can copy the file from; on the
        wire there are only URLs that the service can read
    """

    limits: tuple[MediaLimits, ...] = ()
    opens: Callable[[str], bool] | None = None

    @property
    def allowed(self) -> str:
        if self.opens is None:
            return super().allowed
        return (
            f"{super().allowed}; or one in object storage, such as s3://, gs://, abfs://, oss:// or file://"
        )

    def check(self, value: Any) -> str:
        value = as_address(value)
        if self.opens is not None and isinstance(value, str) and value.startswith("/"):
            raise ValidationError(
                f"{self.allowed}; for a file on the worker's disk write file:// before the path"
            )
        scheme, colon, rest = value.partition("://") if isinstance(value, str) else ("", "", "")
        if self.opens is None or not colon or scheme.lower() in ("http", "https"):
            url = super().check(value)
            self._warn_of_region(url)
            return url
        if not re.fullmatch("[a-z][a-z0-9+.-]*", scheme) or re.search(r"[\x00-\x1f\x7f]", rest):
            raise ValidationError(self.allowed)
        if not rest.strip("/") or rest.endswith("/"):
            raise ValidationError(f"{self.allowed}, and it names a file")
        if ".." in rest.split("/"):
            raise ValidationError(f"{self.allowed}, without .. in it")
        if not self.opens(scheme):
            raise ValidationError(f"{self.allowed}; nothing that is installed opens {scheme}://")
        return str(value)

    def _warn_of_region(self, url: str) -> None:
        region = _OSS_REGION.match(url)
        if region is not None and region[1] not in ("cn-shanghai", "accelerate"):
            warnings.warn(
                f"{self.name} is in OSS region {region[1]}; the services read from cn-shanghai and may refuse other "
                "regions (InvalidFile.Region): copy the file to a bucket in Shanghai, or give its oss:// address so "
                "that it is staged",
                stacklevel=2,
            )


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
