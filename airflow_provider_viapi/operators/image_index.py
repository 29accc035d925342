"""Operator that indexes images in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_viapi.alibaba.services.imgsearch import ADD_IMAGE
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.image_index.folder_images import check_address, list_images
from airflow_provider_viapi.image_index.images import (
    Backend,
    Form,
    ImageEntry,
    form_of,
    invalid,
    parse_images,
)
from airflow_provider_viapi.media.inputs.request_media import check_staging_location
from airflow_provider_viapi.media.storages import opens
from airflow_provider_viapi.operators.arguments.checks import (
    as_choice,
    as_conn_id,
    as_flag,
    is_default,
    is_template,
    is_templated,
    not_allowed,
)
from airflow_provider_viapi.operators.provider_task import ProviderTask
from airflow_provider_viapi.operators.stoppable import StoppableOperator
from airflow_provider_viapi.operators.task.view import fail_and_show
from airflow_provider_viapi.schema import ValidationError
from airflow_provider_viapi.storage_addresses import as_address
from airflow_provider_viapi.task_instance.xcoms import SUMMARY_KEY

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.alibaba.account import Account
    from airflow_provider_viapi.image_index.indexer import IndexingTiming
    from airflow_provider_viapi.image_index.report import IndexingReport
    from airflow_provider_viapi.operators.arguments.options import Address


class IndexImagesOperator(ProviderTask, StoppableOperator):
    """Add many images to an image database or an instance of ImageSearch, each once.

    ::

        IndexImagesOperator(
            task_id="index",
            db_name="products",
            images=[{"image_url": "https://media.example/1.jpg", "entity_id": "mug_1", "extra_data": "blue"}],
        )

    An image that is in the database already, by ``entity_id`` and ``extra_data``, is not added again; so a retry, or
    another run, continues where an earlier one ended. Calls are sent at the connection's ``submit_qps``, several in
    flight.

    Returns ``db_name``, ``images`` (how many were listed), ``added``, ``found`` (were there before), ``failed``,
    ``left_out`` (not tried), ``is_full``, ``failed_by_code``, and ``failures``: of the first 20 ``index``,
    ``entity_id``, ``image_url``, ``code`` and ``message``. The XCom ``summary`` is the same; a task that fails
    because too many images failed or the database is full has it, too.

    With ``backend="imagesearch"`` the images go to an instance of ImageSearch, which new accounts use::

        IndexImagesOperator(
            task_id="index",
            backend="imagesearch",
            instance_name="shop",
            images=[{"image_url": "s3://media/1.jpg", "entity_id": "mug_1", "extra_data": "blue", "int_attr": 5}],
        )

    There ``entity_id`` is the ProductId (at most 256 characters) and ``extra_data`` the CustomContent (at most
    4,096). An image is there already if its ``entity_id`` and ``pic_name`` are; the default of ``pic_name`` is the
    last part of the address, or for a folder the path in it. Images may also have ``category_id``, ``int_attr`` to
    ``int_attr4``, ``str_attr`` to ``str_attr4``, ``crop`` and ``region``. Each image is uploaded to Alibaba's
    temporary storage, and brought within the service's limits if the extra ``images`` is installed.

    :param db_name: the database of imgsearch, which must exist: a–z, 0–9 and _, 2–64 characters
    :param instance_name: the instance of ImageSearch, at most 20 characters
    :param backend: ``imgsearch`` or ``imagesearch``; default: the one whose name is given
    :param images: a list of mappings with ``image_url`` (HTTP(S), or object storage: ``s3://…``), ``entity_id``
        (a–z, 0–9 and _, 1–64 characters) and optionally ``extra_data`` (at most 512 characters), also the lazy
        sequence of a mapped task; or the address of a folder in object storage, whose JPEG and PNG files get their
        names as entity ids and their addresses as extra data. An empty list is an error as a literal, and nothing to
        do as the output of another task
    :param max_failed: how many images may fail without failing the task; after one more none is sent; default: 0
    :param skip_existing: read the database first and add only what is missing; with ``False`` a retry adds,
        and pays for, all images again; default: ``True``
    :param fit: resize images of more than 2 MB or 1024 pixels first, which needs the extra ``images``; each is
        downloaded by the worker for that; default: False
    :param staging: where images that the service cannot read are copied: ``oss://bucket/prefix``; default: VIAPI's
        temporary storage
    :param viapi_conn_id: id of the Airflow connection; default: ``viapi_default``
    """

    template_fields: Sequence[str] = ("db_name", "instance_name", "images", "staging", "viapi_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"images": "json"}
    ui_color = "#fff1e5"
    __supports_durable_execution: ClassVar[bool] = True
    timing: ClassVar[IndexingTiming | None] = None

    def __init__(
        self,
        *,
        images: Any,
        db_name: str | None = None,
        instance_name: str | None = None,
        backend: Backend | None = None,
        max_failed: int = 0,
        skip_existing: bool = True,
        fit: bool = False,
        staging: Address | None = None,
        viapi_conn_id: str = ViapiHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"multiple_outputs": True, **kwargs})
        if type(max_failed) is not int or max_failed < 0:
            raise not_allowed("max_failed", max_failed, "a whole number from 0", ADD_IMAGE.name)
        for name, flag in (("fit", fit), ("skip_existing", skip_existing)):
            as_flag(name, flag, "IndexImages")
        if backend is None and db_name is None and instance_name is None:
            raise invalid(
                "db_name and instance_name are missing; set db_name for a database of imgsearch, or instance_name "
                "for an instance of ImageSearch",
                code="MissingParameter",
            )
        if backend is None:
            backend = "imgsearch" if instance_name is None else "imagesearch"
        self.backend: Backend = as_choice("backend", backend, ("imgsearch", "imagesearch"), ADD_IMAGE.name)
        self.db_name = db_name
        self.instance_name = instance_name
        self._check_container()
        if backend == "imagesearch" and is_default("staging", staging, kwargs):
            staging = None
        if backend == "imagesearch" and staging is not None:
            raise invalid(
                "staging cannot be set with backend='imagesearch', which reads only its temporary storage"
            )
        # A one-time iterator would be used up by the check below.
        self.images = list(images) if isinstance(images, Iterator) else as_address(images)
        self.max_failed = max_failed
        self.skip_existing = skip_existing
        self.fit = fit
        self.staging: Any = as_address(staging)
        self.viapi_conn_id = as_conn_id("viapi_conn_id", viapi_conn_id)
        self._check_literals()

    def _check_container(self) -> None:
        wanted, other = ("db_name", "instance_name")
        if self.backend == "imagesearch":
            wanted, other = other, wanted
        if getattr(self, other) is not None:
            raise invalid(f"{other} cannot be set with backend={self.backend!r}; set {wanted}")
        form = form_of(self.backend)
        _check_name(wanted, getattr(self, wanted), form)

    @property
    def container(self) -> str:
        """Name of the database or instance."""
        return str(self.db_name if self.backend == "imgsearch" else self.instance_name)

    def _check_literals(self) -> None:
        if self.staging is not None and not is_templated(self.staging):
            check_staging_location(self.staging)
        if is_template(self.images):
            return
        if isinstance(self.images, str):
            check_address(self.images)
        else:
            parse_images(self.images, opens=opens, is_unresolved=is_templated, backend=self.backend)

    @cached_property
    def hook(self) -> ViapiHook:
        """Hook for ``viapi_conn_id``; reads the connection at its first call."""
        return ViapiHook(self.viapi_conn_id)

    def execute(self, context: Context) -> dict[str, Any]:
        """Read the list, find what is missing, add it; fail if too many cannot be added."""
        from airflow_provider_viapi.image_index.report import IndexingReport
        from airflow_provider_viapi.media.inputs import resize

        with fail_and_show(context):
            self.check_rendered()
            self._check_container()
            self.staging = as_address(self.staging)
            check_staging_location(self.staging)
            if self.fit:
                resize.check_installed()
            images = self._images()
            if images:
                # The connection is read before the event loop starts: Airflow forbids it inside.
                account = self.hook.account
                report = self.run_until_stopped(
                    self._index(images, account, context), "images were added; a retry finds what was added"
                )
            else:
                self.log.info("The list of images is empty: nothing to do")
                report = IndexingReport(self.container, self.backend, 0)
            summary = report.as_dict()
            self.log.info("Indexed: %s", {name: summary[name] for name in summary if name != "failures"})
            context["ti"].xcom_push(key=SUMMARY_KEY, value=summary)
            report.check(self.max_failed)
            return summary

    def _images(self) -> list[ImageEntry]:
        images = as_address(self.images)
        if isinstance(images, str):
            check_address(images)
            images = list_images(images, self.hook, self.log, backend=self.backend)
        elif isinstance(images, Iterable) and not isinstance(images, Mapping):
            # Also the lazy sequence of a mapped task.
            images = list(images)
            if not images:
                return []
        return parse_images(images, opens=opens, backend=self.backend)

    async def _index(self, images: list[ImageEntry], account: Account, context: Context) -> IndexingReport:
        from airflow_provider_viapi.alibaba.client import open_async_client
        from airflow_provider_viapi.image_index.imagesearch_instance import ImageInstance
        from airflow_provider_viapi.image_index.imgsearch_database import ImageDatabase
        from airflow_provider_viapi.image_index.indexer import Indexer
        from airflow_provider_viapi.image_index.staged_images import StagedImages
        from airflow_provider_viapi.jobs.attempt_context import TaskKey

        task = TaskKey.of(context["ti"])
        limiter = self.hook.rate_limiter_of(form_of(self.backend).action.full_name)
        kind = ImageDatabase if self.backend == "imgsearch" else ImageInstance
        staged = StagedImages(
            hook=self.hook,
            to=self.staging,
            dag_run=task.dag_run,
            holder=task.name,
            fit=self.fit,
            log=self.log,
            backend=self.backend,
        )
        try:
            async with await open_async_client(account) as client:
                database = kind(client, self.container, read_qps=limiter.ceiling)
                indexer = Indexer(
                    database,
                    limiter,
                    staged.stage,
                    max_failed=self.max_failed,
                    log=self.log,
                    timing=self.timing,
                )
                return await indexer.run(
                    images, resumed=context["ti"].try_number > 1, skip_existing=self.skip_existing
                )
        finally:
            staged.close()


def _check_name(argument: str, name: Any, form: Form) -> None:
    if is_templated(name):
        return
    (parameter,) = (each for each in form.action.parameters if each.name == form.container)
    try:
        parameter.check(name)
    except ValidationError as allowed:
        raise not_allowed(argument, name, str(allowed), ADD_IMAGE.name) from None
