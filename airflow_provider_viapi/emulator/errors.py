"""A call that is answered with an error, and the HTTP status of each of the service's codes."""

from __future__ import annotations

# The first part of a code that fits decides. Statuses are from the services' error tables; where those name two
# (Throttling: 400 and 429, SignatureDoesNotMatch: 400 and 403) it is what gateways answer today.
_STATUSES = (
    ("Throttling", 429),
    ("ServiceUnavailable", 503),
    ("InternalError", 500),
    ("InternalServerError", 500),
    ("Timeout", 408),
    ("InvalidAccessKeyId.NotFound", 404),
    ("InvalidAction.NotFound", 404),
    ("Forbidden", 403),
    ("NoPermission", 403),
    ("AuthFailed", 403),
)

_INTERNAL_ERROR_OF = {"imgsearch": 586}


class ApiError(Exception):
    """The answer to a call is this error.

    :param code: the service's code, such as ``MissingParameter``
    :param message: what is wrong, in words for a person
    :param status: the answer's HTTP status; the one that goes with the code unless given
    """

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(code, message, status)
        self.code = code
        self.message = message
        self.status = status_of(code) if status is None else status


def status_of(code: str, service: str | None = None) -> int:
    """The HTTP status that goes with a code.

    :param code: such as ``Throttling.User``
    :param service: who answers, such as ``imgsearch``, which has a status of its own for what fails inside
    """
    if code.startswith("InternalError") and service in _INTERNAL_ERROR_OF:
        return _INTERNAL_ERROR_OF[service]
    return next((status for prefix, status in _STATUSES if code.startswith(prefix)), 400)


def not_emulated(action: str) -> ApiError:
    """The error of an action that the service has and the emulator has not."""
    return ApiError("InvalidApi.ForbiddenInvoke", f"The emulator does not have {action}; the service may.")
