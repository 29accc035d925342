"""What can go wrong between a caller and a service.

::

    ServiceError
    ├── ConfigurationError           the connection is missing or cannot be used as it is
    ├── InvalidRequest          the request cannot be right, here or at the service
    │   └── InvalidMedia        a file that the request names cannot be used
    ├── CredentialsRejected     the key, its secret, its token or the clock is wrong
    ├── PermissionDenied        the key is right but may not do this, or the capability is not opened
    ├── TransientError          will pass: ask again later
    │   ├── Throttled           over the account's quota
    │   ├── ConnectionFailed         the request never arrived: nothing was accepted
    │   └── ResponseLost          the request went out; what came of it is not known
    ├── SubmissionInDoubt       a job may or may not have been accepted, and money spent
    ├── JobFailed               the service ended the job without success
    ├── JobTimedOut             the job did not end before our own deadline
    └── ResultExpired           the link to a file of a result has ended before the file was fetched

Every error carries ``code``, ``message``, ``request_id``, ``http_status`` and ``action``; a caller decides by
class and code, never by the text. All of them survive pickling and a round trip through plain values, because
Airflow passes them between processes. None holds a secret, a signature or a token.

The tree is the same for every cloud; which class a code belongs to is for each cloud's own ``errors`` to say.
"""

from __future__ import annotations

from typing import Any


class ServiceError(Exception):
    """Anything that this package raises about the service.

    :param message: what happened, in words for a person
    :param code: the service's code, such as ``Throttling.User``, or the nearest one for a local check
    :param request_id: the service's id of the call, to be named in a support ticket
    :param http_status: the status of the answer, if there was one
    :param action: the action that was called, such as ``EraseVideoSubtitles``
    """

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        request_id: str | None = None,
        http_status: int | None = None,
        action: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.request_id = request_id
        self.http_status = http_status
        self.action = action

    def __str__(self) -> str:
        details = {
            "code": self.code,
            "HTTP": self.http_status,
            "request id": self.request_id,
        }
        told = ", ".join(f"{name} {value}" for name, value in details.items() if value is not None)
        prefix = f"{self.action}: " if self.action else ""
        return f"{prefix}{self.message}" + (f" ({told})" if told else "")

    def __reduce__(self) -> tuple[Any, ...]:
        return _revive, (type(self), self.message, {**self.__dict__})

    def as_dict(self) -> dict[str, Any]:
        """The error as plain values, for a trigger's event; :func:`from_dict` makes it whole again."""
        return {"class": type(self).__name__, **self.__dict__}


class ConfigurationError(ServiceError):
    """The connection is missing, incomplete or holds a value that cannot be used."""


class InvalidRequest(ServiceError):
    """The request cannot be right: found by the service model before sending, or by the service."""


class InvalidMedia(InvalidRequest):
    """A file that the request names cannot be fetched, decoded or processed."""


class CredentialsRejected(ServiceError):
    """The access key, its secret, its security token or the clock of this machine is wrong."""


class PermissionDenied(ServiceError):
    """The key is right but may not do this, or the capability is not opened for the account."""


class TransientError(ServiceError):
    """A fault that passes by itself; the same call may succeed later."""


class Throttled(TransientError):
    """The call was refused because the account is over its quota; nothing was accepted."""


class ConnectionFailed(TransientError):
    """No connection came about, so the request never arrived and nothing was accepted."""


class ResponseLost(TransientError):
    """The request was sent but no well-formed answer came back: it may have been accepted or not."""


class SubmissionInDoubt(ServiceError):
    """A job's submission got no readable answer: the job may be running, and sending again may pay twice."""


class JobFailed(ServiceError):
    """The service ended the job without success.

    :param job_id: the job
    :param state: its last state in the service's own word, such as ``PROCESS_FAILED``
    """

    def __init__(self, message: str, *, job_id: str, state: str, **details: Any) -> None:
        super().__init__(message, **details)
        self.job_id = job_id
        self.state = state


class JobTimedOut(ServiceError):
    """The job was still waiting or running at the deadline that the caller had set.

    :param job_id: the job
    """

    def __init__(self, message: str, *, job_id: str, **details: Any) -> None:
        super().__init__(message, **details)
        self.job_id = job_id


class ResultExpired(ServiceError):
    """The link to a file of a result has ended, and asking for the result again gave none that works.

    :param age: seconds since the link ended, where it says when
    """

    def __init__(self, message: str, *, age: float | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.age = age


def _revive(kind: type[ServiceError], message: str, fields: dict[str, Any]) -> ServiceError:
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.__dict__.update(fields)
    return error


def _family(kind: type[ServiceError]) -> dict[str, type[ServiceError]]:
    members = {kind.__name__: kind}
    for child in kind.__subclasses__():
        members.update(_family(child))
    return members


def from_dict(fields: dict[str, Any]) -> ServiceError:
    """Make an error from what :meth:`ServiceError.as_dict` gave; an unknown class becomes :class:`ServiceError`."""
    plain = dict(fields)
    kind = _family(ServiceError).get(str(plain.pop("class", "")), ServiceError)
    return _revive(kind, str(plain.get("message", "")), plain)
