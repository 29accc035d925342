"""A call that is answered with an error."""

from __future__ import annotations


class Refusal(Exception):
    """The answer to a call is this error.

    :param code: the service's code, such as ``MissingParameter``
    :param message: what is wrong, in words for a person
    :param status: the answer's HTTP status
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code, message, status)
        self.code = code
        self.message = message
        self.status = status


def not_emulated(action: str) -> Refusal:
    """The refusal of an action that the service has and the emulator has not."""
    return Refusal("InvalidApi.ForbiddenInvoke", f"The emulator does not have {action}; the service may.")
