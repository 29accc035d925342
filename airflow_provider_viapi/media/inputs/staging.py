"""Staging: copy media from the team's storage to where the service can read them.

HTTP(S) addresses are passed as they are. What is elsewhere (``s3://``, ``gs://``, ``abfs://``, ``file://``, whatever
Airflow's ``ObjectStoragePath`` opens, and ``oss://``) is copied as a stream, into the team's bucket
(``oss://bucket/prefix``) or into VIAPI's temporary storage; for an object in a bucket in Shanghai a link is enough.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.jobs.attempt_context import TaskKey
from airflow_provider_viapi.media.addresses import is_http_url
from airflow_provider_viapi.media.inputs.request_media import files_to_stage, files_to_upload, with_addresses
from airflow_provider_viapi.media.inputs.source_validation import check_source_file, parameter_named
from airflow_provider_viapi.redaction import describe_error

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.alibaba.model import Action
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.jobs.model import Log
    from airflow_provider_viapi.media.inputs.source import Source
    from airflow_provider_viapi.media.inputs.staging_bucket import TeamBucket
    from airflow_provider_viapi.media_limits import MediaLimits

MAX_ATTEMPTS = 3
"""Most attempts to copy a file."""


@dataclass(frozen=True)
class StagingSettings:
    """Tunable waits and sizes of staging.

    :param initial_backoff: seconds before the second attempt; doubled after each
    :param part_size: bytes of a part of an upload; larger ones are used where there would be too many
    :param timeout: seconds for which calls and uploads that fail are retried; default: 60
    """

    initial_backoff: float = 1.0
    part_size: int = 8 << 20
    timeout: float = 60.0


class Staging:
    """Media of one task instance, copied to where the service reads them.

    :param hook: the connection whose account reads and stages
    :param to: the team's bucket, ``oss://bucket/prefix``; default: VIAPI's temporary storage
    :param dag_run: the DAG run; a source is copied into the team's bucket once in each
    :param holder: the task instance in it, the same for all attempts; its copies stay until :meth:`release`
    :param log: logs what is copied where
    """

    def __init__(
        self,
        hook: ViapiHook,
        *,
        to: str | None,
        dag_run: str,
        holder: str,
        log: Log,
        settings: StagingSettings | None = None,
    ) -> None:
        self.hook, self.log = hook, log
        self._to, self._dag_run, self._holder = to, dag_run, holder
        self._settings = settings or StagingSettings()

    @classmethod
    def of_task(
        cls,
        context: Context,
        hook: ViapiHook,
        *,
        to: str | None,
        log: Log,
        item: str = "",
        settings: StagingSettings | None = None,
    ) -> Staging:
        """Return the staging of the task that runs in a context.

        :param item: identifies a request, in a task with several
        """
        task = TaskKey.of(context["ti"])
        return cls(hook, to=to, dag_run=task.dag_run, holder=f"{task.name}{item}", log=log, settings=settings)

    def stage(self, action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the request with every media address readable by the service.

        All files are found and checked against the action's limits before the first of them is copied.

        :param request: checked with ``request_media.check``
        :raises InvalidMedia: a file does not exist, is empty, or would be refused by the service
        :raises TransientError: connections broke too often, or a file changed while it was read
        :raises PermissionDenied: it may not be read, or not be written there
        :raises ConfigurationError: a package that this needs is not installed, or the service is elsewhere
        """
        request = self._with_uploads(action, request)
        elsewhere = list(files_to_stage(action.parameters, request))
        if not elsewhere:
            return dict(request)
        # Raises before anything is copied for a service that is not in the connection's region.
        self.hook.account.address(action.service)
        sources = {}
        for parameter, _, address in elsewhere:
            with parameter_named(parameter, action.name):
                sources[address] = self._stat(address)
        for parameter, limits, address in elsewhere:
            self._validate(sources[address], limits, parameter, action.name)
        try:
            readable = {
                address: self._link_in_place(source) or self._link_to_copy(source, action.service.name)
                for address, source in sources.items()
            }
        except BaseException:
            self.release(action, request)
            raise
        return with_addresses(action.parameters, request, readable)

    def _with_uploads(self, action: Action, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the request with the files that the service reads only from its temporary storage there."""
        wanted = list(files_to_upload(action.parameters, request))
        if not wanted:
            return request

        from airflow_provider_viapi.media.inputs.still_images import resized

        with tempfile.TemporaryDirectory(prefix="viapi-images-") as folder:
            sources: dict[str, Source] = {}
            for number, (parameter, limits, address) in enumerate(wanted):
                own_folder = Path(folder, str(number))
                own_folder.mkdir()
                with parameter_named(parameter, action.name):
                    sources[address] = resized(address, limits, self.hook, own_folder)
                self._validate(sources[address], limits, parameter, action.name)
            product = action.service.product or action.service.name
            uploaded = {
                address: self._upload_temporarily(source, product) for address, source in sources.items()
            }
        return with_addresses(action.parameters, request, uploaded)

    def stage_file(self, address: str, service: str) -> str:
        """Copy one file, and return an address that operators of this provider take; it holds no signature.

        An address that is HTTP(S), or that the service can read where it is, is returned as it is. The errors are
        those of :meth:`stage`.

        :param service: the service that is to read it
        """
        if is_http_url(address):
            return address
        source = self._stat(address)
        self._validate(source, None, "source", "staging")
        if self._link_in_place(source):
            return address
        if self._to is None:
            return self._upload_temporarily(source, service)
        key = self._retry(lambda: self._bucket.stage(source))
        return self._bucket.location.address_of(key)

    def release(self, action: Action, request: Mapping[str, Any]) -> None:
        """Remove the copies of a request's media that no other task uses.

        For when the job is over, from any process, also one that staged nothing. What cannot be removed is named in
        the log and raises nothing: the job is over and paid for.
        """
        if self._to is None:
            return
        addresses = {address for _, _, address in files_to_stage(action.parameters, request)}
        try:
            for address in addresses:
                self._bucket.release(address)
        except Exception as error:
            self.log.warning(
                "Staged copies below %s could not be deleted: %s", self._to, describe_error(error)
            )

    @cached_property
    def _bucket(self) -> TeamBucket:
        from airflow_provider_viapi.media.inputs.staging_bucket import TeamBucket

        return TeamBucket.open(
            str(self._to),
            self.hook,
            dag_run=self._dag_run,
            holder=self._holder,
            log=self.log,
            part_size=self._settings.part_size,
        )

    def _link_to_copy(self, source: Source, service: str) -> str:
        if self._to is None:
            return self._upload_temporarily(source, service)
        return self._bucket.link(self._retry(lambda: self._bucket.stage(source)))

    def _upload_temporarily(self, source: Source, service: str) -> str:
        from airflow_provider_viapi.media.inputs.temporary_upload import upload_for

        address = self._retry(lambda: upload_for(service, source, self.hook, self._authorize))
        size = f"{source.size:,}"
        self.log.info("Uploaded %s (%s bytes) to VIAPI's temporary storage", source.display_url, size)
        return address

    def _authorize(self, request: Mapping[str, Any]) -> dict[str, Any]:
        from airflow_provider_viapi.alibaba.services.openplatform import AUTHORIZE_FILE_UPLOAD
        from airflow_provider_viapi.retrying import READ, retry_call

        return retry_call(
            lambda: dict(self.hook.client.call_once(AUTHORIZE_FILE_UPLOAD, request)),
            policy=READ,
            max_seconds=self._settings.timeout,
            log=self.log,
        )

    def _retry(self, copy: Callable[[], str]) -> str:
        from airflow_provider_viapi.retrying import READ, retry_call

        failing_since: list[float] = []

        def should_retry(error: BaseException) -> bool:
            failing_since.append(time.monotonic())
            # A file that is being written will not be finished in a moment, and a call of an action was retried.
            return (
                isinstance(error, ServiceError)
                and error.code != "SourceChanged"
                and error.action is None
                and failing_since[-1] - failing_since[0] < self._settings.timeout
            )

        policy = READ.only_if(
            should_retry,
            max_seconds=float("inf"),
            max_attempts=MAX_ATTEMPTS,
            initial_backoff=self._settings.initial_backoff,
        )
        return retry_call(copy, policy=policy, log=self.log)

    def _link_in_place(self, source: Source) -> str | None:
        from airflow_provider_viapi.media.inputs.staging_bucket import link_in_place

        return link_in_place(source, self.log)

    def _stat(self, address: str) -> Source:
        from airflow_provider_viapi.media.inputs.source import stat

        return stat(address, self.hook)

    def _validate(self, source: Source, limits: MediaLimits | None, parameter: str, action: str) -> None:
        from airflow_provider_viapi.hooks.connection import source_checks_enabled

        check_source_file(
            source,
            limits,
            parameter=parameter,
            action=action,
            log=self.log if source_checks_enabled() else None,
        )
