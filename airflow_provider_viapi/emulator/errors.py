"""The error of a rejected call, and the HTTP status of each of the service's codes."""

from __future__ import annotations

# The first matching prefix wins. Statuses are from the services' error tables; where those name two (Throttling: 400
# and 429, SignatureDoesNotMatch: 400 and 403) it is the one that gateways use today.
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
    """A call is rejected with this error.

    :param code: the service's code, such as ``MissingParameter``
    :param message: text for the user
    :param status: HTTP status; default: the status of the code
    """

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(code, message, status)
        self.code = code
        self.message = message
        self.status = status_of(code) if status is None else status


def status_of(code: str, service: str | None = None) -> int:
    """Return the HTTP status of a code.

    :param code: such as ``Throttling.User``
    :param service: the service that responds; ``imgsearch`` has a status of its own for internal errors
    """
    if code.startswith("InternalError") and service in _INTERNAL_ERROR_OF:
        return _INTERNAL_ERROR_OF[service]
    return next((status for prefix, status in _STATUSES if code.startswith(prefix)), 400)


def not_emulated(action: str) -> ApiError:
    """Return the error of an action whose work only the service can do.

    :param action: its full name
    """
    return ApiError(
        "InvalidApi.ForbiddenInvoke",
        f"The emulator does not implement {action}. For tests, set a result with PUT /_emulator/results/{action}.",
    )
