"""The error of media that cannot be used, which fails a job with the service's code."""

from __future__ import annotations


class MediaError(Exception):
    """The media cannot be used: the job fails with this code, as the service would answer it.

    It is raised in a worker process and caught in another, so it pickles with both its fields.

    :param code: the service's code, such as ``InvalidFile.Decode``
    :param message: what is wrong and what is allowed; names no path
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
