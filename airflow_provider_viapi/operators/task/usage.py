"""What a finished job has used, measured on its files, and the prices of ``[viapi] prices``."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import conf

if TYPE_CHECKING:
    from airflow_provider_viapi.http_settings import HttpSettings
    from airflow_provider_viapi.jobs.model import Log
    from airflow_provider_viapi.jobs.usage import Prices, Usage


def read_prices() -> Prices:
    """Return the prices of ``[viapi] prices``.

    :raises ConfigurationError: the setting cannot be read
    """
    from airflow_provider_viapi.jobs.usage import Prices

    return Prices.parse(conf.get("viapi", "prices", fallback="") or "")


def check_prices() -> None:
    """Refuse ``[viapi] prices`` that cannot be read, before a job is paid.

    :raises ConfigurationError: the setting cannot be read
    """
    read_prices()


def measured_usage(
    action: str,
    files: Collection[str],
    log: Log,
    *,
    http: HttpSettings,
    allowed_hosts: Collection[str] = (),
) -> Usage:
    """Return the usage of a finished job; a file that cannot be measured never fails its task.

    :param action: as ``service.Action``
    :param files: addresses of the result's files; the longest counts
    """
    from airflow_provider_viapi.errors import ConfigurationError
    from airflow_provider_viapi.jobs.usage import Prices, Usage
    from airflow_provider_viapi.media.inputs.source_versions import display_address
    from airflow_provider_viapi.media.media_headers import measure

    clips = []
    for address in files:
        try:
            clips.append(measure(address, http, allowed_hosts))
        except Exception as error:
            # Whatever the storage raises; its text may quote a signed request.
            log.info(
                "The duration of %s could not be read: %s",
                display_address(address),
                type(error).__name__,
            )
    try:
        prices = read_prices()
    except ConfigurationError as error:
        log.warning("%s", error.message)
        prices = Prices()
    longest = max((clip for clip in clips if clip), key=lambda clip: clip.seconds, default=None)
    return Usage.of_job(action, longest, prices)
