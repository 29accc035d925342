"""Whether what the emulator needs besides the provider is installed."""

from __future__ import annotations

from importlib.util import find_spec

PACKAGES = ("av", "cryptography", "numpy", "PIL", "python_multipart", "starlette", "uvicorn")
"""Import names of what the extra ``emulator`` installs."""


def what_is_missing() -> str | None:
    """A sentence on what is not installed and how to install it, or ``None`` if all is there."""
    missing = [package for package in PACKAGES if find_spec(package) is None]
    if not missing:
        return None
    return (
        f"the emulator needs {', '.join(missing)}, which is not installed: "
        "pip install 'airflow-provider-viapi[emulator]'"
    )
