"""Regions in which the services are known to be offered, and the check of a connection's region."""

from __future__ import annotations

from airflow_provider_viapi.errors import ConfigurationError

DEFAULT_REGION = "cn-north-4"

METASTUDIO = (DEFAULT_REGION, "cn-east-3")
"""Regions of MetaStudio."""

VIAS = (
    *METASTUDIO,
    "cn-south-1",
    "ap-southeast-1",
    "ap-southeast-3",
    "ap-southeast-4",
    # Only in a page of 2025-11, not in the SDK.
    "cn-southwest-2",
)
"""Regions of VIAS [Java SDK 2026]."""


def check_region(where: str, region: str, *, has_endpoint: bool) -> str:
    """Return the region if a service is known to be offered there, or if endpoints replace the services' hosts.

    :param where: names the connection in the error message
    :raises ConfigurationError: it is not known; the message names the known ones
    """
    known = dict.fromkeys([*METASTUDIO, *VIAS])
    if region not in known and not has_endpoint:
        # A long text may be a secret in the wrong field.
        shown = repr(region) if len(region) <= 20 else f"a text of {len(region)} characters"
        raise ConfigurationError(
            f"{where} has the region {shown}, where neither MetaStudio nor VIAS is known to be "
            f"offered; allowed: {', '.join(known)}, or any region if the endpoint of the service is set"
        )
    return region
