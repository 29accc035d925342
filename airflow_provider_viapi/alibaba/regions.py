"""Regions in which the services are offered, and the check of a connection's region."""

from __future__ import annotations

from airflow_provider_viapi.errors import ConfigurationError

DEFAULT_REGION = "cn-shanghai"
"""The region of all services, and the only one of all but ImageSearch."""

IMAGE_SEARCH = (
    DEFAULT_REGION,
    "cn-hangzhou",
    "cn-beijing",
    "cn-shenzhen",
    "cn-hongkong",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "ap-south-1",
    "eu-central-1",
)
"""Regions of ImageSearch."""


def check_region(where: str, region_id: str, endpoint: str | None) -> str:
    """Return the region if any service is offered there, or if an endpoint replaces their hosts.

    :param where: names the connection in the error message
    :raises ConfigurationError: they are not; the message names the regions
    """
    if endpoint is None and region_id not in (DEFAULT_REGION, *IMAGE_SEARCH):
        # A long text may be a secret in the wrong field.
        shown = repr(region_id) if len(region_id) <= 20 else f"a text of {len(region_id)} characters"
        raise ConfigurationError(
            f"{where} has the region_id {shown}, where no service is offered; allowed: "
            f"{DEFAULT_REGION} (all services), and for ImageSearch {', '.join(IMAGE_SEARCH[1:])}"
        )
    return region_id
