"""The errors that this package raises, for every cloud.

::

    ServiceError
    ├── ConfigurationError      the connection or the HTTP settings are missing or unusable
    ├── InvalidRequest          the request cannot succeed, found locally or by the service
    │   └── InvalidMedia        a file that the request names cannot be used
    ├── CredentialsRejected     the key, its secret, its token or the clock is wrong
    ├── PermissionDenied        the key is valid but lacks the permission, or the capability is not enabled
    ├── TransientError          the service failed; retry later
    │   ├── Throttled           over the account's rate limit or quota
    │   ├── ConnectionFailed    the request never reached the service
    │   │   └── NotForwarded    a gateway or proxy refused it, and would refuse it again
    │   ├── ResponseLost        the request was sent and the response is missing or unreadable
    │   └── DownloadTooSlow     a download breaks, or is too slow, after its link has expired
    ├── StateError              the task's stored state cannot be read or written
    │   └── StateConflict       another attempt of the task has changed it
    ├── StopRequested           the task was asked to stop; every submission is recorded
    ├── SubmissionInDoubt       it cannot be known whether a job was accepted and will be billed
    ├── JobFailed               the service ended the job without success
    ├── BatchFailed             more items of a batch failed than are allowed
    ├── JobTimedOut             the job did not end before the caller's deadline
    └── ResultExpired           the link to a result file expired before the file was downloaded

Every error carries ``code``, ``message``, ``request_id``, ``http_status`` and ``action``; callers decide by class and
code, never by the text. Errors survive pickling and a round trip through plain values, because Airflow passes them
between processes. None holds a secret, a signature or a token.

Each cloud's own ``errors`` module says which class one of its error codes belongs to. Whether an error proves that
nothing was accepted, and so that nothing will be billed, is decided in one place: :func:`proves_not_accepted`.
"""

from __future__ import annotations

import re
from datetime import datetime
from types import EllipsisType
from typing import Any, ClassVar


class ServiceError(Exception):
    """Base class of all errors of this package.

    :param message: what happened and what to do, for users
    :param code: the service's error code, such as ``Throttling.User``, or its nearest equivalent for a local check;
        default: that of the class
    :param request_id: the service's id of the call, for support tickets
    :param http_status: status of the response, if there was one
    :param action: the action that was called, such as ``EraseVideoSubtitles``
    :param host_id: the service's id of the site that responded, which Alibaba Cloud's support asks for
    """

    default_code: ClassVar[str | None] = None
    """Code of the class's local checks."""

    def __init__(
        self,
        message: str,
        *,
        code: str | EllipsisType | None = ...,
        request_id: str | None = None,
        http_status: int | None = None,
        action: str | None = None,
        host_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = self.default_code if code is ... else code
        self.request_id = request_id
        self.http_status = http_status
        self.action = action
        self.host_id = host_id

    def __str__(self) -> str:
        named = (
            ("code", self.code),
            ("HTTP", self.http_status),
            ("request id", self.request_id),
            ("host id", self.host_id),
        )
        details = ", ".join(f"{name} {value}" for name, value in named if value is not None)
        prefix = f"{self.action}: " if self.action else ""
        return f"{prefix}{self.message}" + (f" ({details})" if details else "")

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.message, {**self.__dict__})

    def as_dict(self) -> dict[str, Any]:
        """Return the error as plain values, for a trigger's event; :func:`from_dict` restores it."""
        return {"class": type(self).__name__, **self.__dict__}


class ConfigurationError(ServiceError):
    """The connection or the HTTP settings are missing, incomplete or unusable; nothing was sent."""

    default_code = "ConfigurationError"


class InvalidRequest(ServiceError):
    """The request cannot succeed: found by the service model before sending, or by the service."""

    default_code = "InvalidParameter"


class InvalidMedia(InvalidRequest):
    """A file that the request names cannot be fetched, decoded or processed."""


class CredentialsRejected(ServiceError):
    """The access key, its secret, its security token or the clock of this machine is wrong."""


class PermissionDenied(ServiceError):
    """The key is valid but lacks the permission, or the capability is not enabled for the account."""


class TransientError(ServiceError):
    """A failure of the service that may pass; the same call may succeed later."""


class Throttled(TransientError):
    """The call was refused because the account is over its rate limit or quota; nothing was accepted."""


class ConnectionFailed(TransientError):
    """The request never reached the service, so nothing was accepted."""


class NotForwarded(ConnectionFailed):
    """A gateway or proxy on the way refused the request; the same request would be refused again.

    Submissions and other single calls fail at once. A wait goes on: somebody may correct the gateway meanwhile.
    """

    def as_permanent(self) -> ServiceError:
        """Return the error for a call that is not worth a retry: about the request's size, or the configuration."""
        details: dict[str, Any] = {"http_status": self.http_status, "action": self.action}
        if self.http_status in TOO_LARGE:
            return InvalidRequest(self.message, code="RequestTooLarge", **details)
        return ConfigurationError(self.message, code="NotForwarded", **details)


class ResponseLost(TransientError):
    """The request was sent and no well-formed response came back: it may have been accepted or not."""


class DownloadTooSlow(TransientError):
    """A download broke after its link had expired, or was so slow that it would have taken over six hours."""


class StateError(ServiceError):
    """The task's state cannot be read or written; a job may have been accepted before."""

    default_code = "StateError"


class StateConflict(StateError):
    """Another attempt of the task has changed its state since this attempt read it."""

    default_code = "StateConflict"


class SubmissionInDoubt(ServiceError):
    """It cannot be known whether a job was accepted; submitting it again may pay twice."""

    default_code = "SubmissionInDoubt"


class StopRequested(ServiceError):
    """Airflow stops the task; nothing is in flight that is not recorded."""


class JobFailed(ServiceError):
    """The service ended the job without success.

    :param job_id: id of the job
    :param state: its last state in the service's own word, such as ``PROCESS_FAILED``
    :param is_permanent: a job with the same request would fail again, as its cloud's documents say
    """

    def __init__(
        self, message: str, *, job_id: str, state: str, is_permanent: bool = False, **details: Any
    ) -> None:
        super().__init__(message, **details)
        self.job_id = job_id
        self.state = state
        self.is_permanent = is_permanent


class BatchFailed(ServiceError):
    """More items of a batch have failed than are allowed, or not all of them were submitted."""

    default_code = "BatchFailed"


class JobTimedOut(ServiceError):
    """The job was still waiting or running at the caller's deadline.

    :param job_id: id of the job
    """

    def __init__(self, message: str, *, job_id: str, **details: Any) -> None:
        super().__init__(message, **details)
        self.job_id = job_id

    @classmethod
    def at_deadline(
        cls, job_id: str, action: str, deadline: datetime, *, set_by: str = "", has_ended: bool = False
    ) -> JobTimedOut:
        """Build the error of a job whose result has not arrived until the deadline.

        :param action: that created the job, as ``service.Action``
        :param set_by: the argument that has set the deadline, with its value, where the caller does not add it
        :param has_ended: the job has ended, but its result was not fetched
        """
        at = deadline.isoformat(timespec="seconds") + (f" ({set_by})" if set_by else "")
        late = (
            f"has ended, but its result could not be fetched: the deadline was {at}"
            if has_ended
            else f"had not ended at the deadline {at}"
        )
        return cls(f"job {job_id} {late}", job_id=job_id, action=action.rpartition(".")[2])


class ResultExpired(ServiceError):
    """The link to a result file has expired, and fetching the result again gave no working link.

    :param age: seconds since the link expired, if the link states when
    """

    def __init__(self, message: str, *, age: float | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.age = age


_REFUSALS = (
    ConfigurationError,
    InvalidRequest,
    CredentialsRejected,
    PermissionDenied,
    Throttled,
    ConnectionFailed,
)

# The gateway has seen a request with this nonce before, so that earlier request may have been accepted.
_NONCE_USED = "SignatureNonceUsed"
SEVERAL_JOBS = "SeveralJobs"
"""Error code of a submission that the service has accepted as several jobs."""

INSTANCE_BUSY = "InstanceBusy"
"""Error code of a throttled submission that waits for another job of its instance, not for the account's quota."""

EMPTY_RESULT = "EmptyResult"
"""Error code of a file of a result that has no bytes."""

NO_FILE_IN_RESULT = "NoFileInResult"
"""Error code of a result that lacks the file to land."""

UNREADABLE_CONNECTION = "ConnectionUnreadable"
"""Error code of an Airflow connection that cannot be read now."""

GATEWAY_TIMEOUTS = frozenset({408, 444, 460, 499})
"""Statuses below 500 with which servers and gateways report that they did not wait for an outcome."""

TOO_LARGE = frozenset({413, 414, 431})
"""Statuses with which servers and gateways refuse a request for its size alone."""


def is_nonce_used(error: ServiceError) -> bool:
    """Return true if the service has seen the nonce of the request before, perhaps because a proxy sent it twice."""
    return (error.code or "").startswith(_NONCE_USED)


def is_unreadable_connection(error: BaseException) -> bool:
    """Return true if a connection could not be read at all, perhaps because the network or a server was down."""
    return isinstance(error, ConfigurationError) and error.code == UNREADABLE_CONNECTION


def proves_not_accepted(error: ServiceError) -> bool:
    """Return true if the error of a call proves that nothing was accepted, and so nothing will be billed.

    Refusals before any work prove it: request, credentials, permissions, rate limit, and requests that never reached
    the service. A well-formed 5xx does not: the service may fail after it has accepted the job.

    :param error: what a call of an action raised
    """
    if is_nonce_used(error) or error.http_status in GATEWAY_TIMEOUTS:
        return False
    if (error.http_status or 0) >= 500 and not isinstance(error, Throttled | ConnectionFailed):
        # Whatever its code says, the service failed, perhaps after it had accepted the job.
        return False
    if isinstance(error, _REFUSALS):
        return True
    # An error code that no table knows, in a well-formed response.
    is_client_error = error.http_status is not None and 400 <= error.http_status < 500
    return type(error) is ServiceError and error.code is not None and is_client_error


_FAILING = (
    "system|service|unknown|unexpected|backend|server|operation|process|processing|task|job|execut(?:e|ion)|invoke|call"
    "|request|submit|algo|algorithm|model|engine|network|connection|rpc|db|database|storage|dependency|remote|proxy"
    "|runtime|fatal|gateway|upstream"
)
_LEAVES_OPEN = (
    r"(?i)time[-_.]?d?[-_.]?out|internal|busy|exception|overload|conflict|idempot|repeat|replay|duplicat|retry|retries"
    r"|nonce[-_.]?(already|re)?[-_.]?used|already[-_.]?(submit|exist|accept|creat|process)|(job|task)[-_.]?exists"
    r"|in[-_.]?progress|abort|interrupt|deadline|unavailable|unreachable|bad[-_.]?gateway|out[-_.]?of[-_.]?memory"
    r"|null[-_.]?pointer|crash|circuit|fallback|no[-_.]?response|empty[-_.]?response|maintenance|fault$|abnormal"
    rf"|({_FAILING})[-_.]?(error|failure|failed|reset)|^(error|failed|failure|unknown|unspecified|undefined)$"
)


def leaves_outcome_open(code: str) -> bool:
    """Return true if an error code that no table knows does not mean, by its words, that the service refused.

    Services and gateways send such codes with a status below 500, too: the service failed, perhaps after it had
    accepted the job, or it has seen the request before.
    """
    # Compiled here, since every DAG file imports this module.
    return re.search(_LEAVES_OPEN, code) is not None


def _restore(kind: type[ServiceError], message: str, fields: dict[str, Any]) -> ServiceError:
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
    """Restore an error from the result of :meth:`ServiceError.as_dict`; unknown classes become ``ServiceError``."""
    plain = dict(fields)
    kind = _family(ServiceError).get(str(plain.pop("class", "")), ServiceError)
    return _restore(kind, str(plain.get("message", "")), plain)
