"""Image search (service imgsearch): one operator per action.

The service is closed to accounts that had not opened it by 2023-02-15.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.alibaba.services import imgsearch
from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.image_index.index_listing import Listing
from airflow_provider_viapi.operators.durability import fail_without_retry
from airflow_provider_viapi.operators.viapi import ViapiOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.hooks.viapi import ViapiHook


def _names(hook: ViapiHook) -> set[str]:
    databases = hook.call(imgsearch.LIST_IMAGE_DBS, {})["Data"]["DbList"]
    return {database["Name"] for database in databases}


class CreateImageDbOperator(ViapiOperator):
    """Create an image database.

    Returns ``Name``, so that ``create.output["Name"]`` names it to the tasks that follow.

    :param name: of the database: a–z, 0–9 and _, 2–64 characters
    :param if_exists: ``skip`` takes a database of that name as it is, ``fail`` fails the task
    """

    action = imgsearch.CREATE_IMAGE_DB

    def __init__(self, *, name: str, if_exists: Literal["skip", "fail"] = "skip", **kwargs: Any) -> None:
        super().__init__(request={"Name": name}, **kwargs)
        if if_exists not in ("skip", "fail"):
            raise InvalidRequest(f"if_exists is {if_exists!r}; allowed: skip, fail", action=self.action.name)
        self.if_exists = if_exists

    def execute(self, context: Context) -> dict[str, Any]:
        """Look whether the database is there, and create it if it is not."""
        with fail_without_retry():
            name = self.action.check(self.request)["Name"]
            # What the service answers to a second creation is not documented, so it is not relied upon.
            if name in _names(self.hook):
                return self._found(name)
            try:
                super().execute(context)
            except AirflowFailException:
                if name in _names(self.hook):
                    return self._found(name)
                raise
            self.log.info("Created image database %s", name)
            return {"Name": name}

    def _found(self, name: str) -> dict[str, Any]:
        if self.if_exists == "fail":
            raise InvalidRequest(f"there is an image database {name} already", action=self.action.name)
        self.log.info("Image database %s exists already", name)
        return {"Name": name}


class DeleteImageDbOperator(ViapiOperator):
    """Delete an image database with all that is in it; there is no way back.

    As a teardown it tidies up after tasks that failed, too: ``delete.as_teardown(setups=create)``.

    Returns ``Name``.

    :param name: of the database: a–z, 0–9 and _, 2–64 characters
    :param if_missing: what to do when there is no such database: ``skip`` leaves it at that, ``fail`` fails the task
    """

    action = imgsearch.DELETE_IMAGE_DB

    def __init__(self, *, name: str, if_missing: Literal["skip", "fail"] = "skip", **kwargs: Any) -> None:
        super().__init__(request={"Name": name}, **kwargs)
        if if_missing not in ("skip", "fail"):
            raise InvalidRequest(
                f"if_missing is {if_missing!r}; allowed: skip, fail", action=self.action.name
            )
        self.if_missing = if_missing

    def execute(self, context: Context) -> dict[str, Any]:
        """Look whether the database is there, and delete it if it is."""
        with fail_without_retry():
            name = self.action.check(self.request)["Name"]
            # What the service answers when there is none is not documented, so it is not relied upon.
            if name not in _names(self.hook):
                return self._missing(name)
            try:
                super().execute(context)
            except AirflowFailException:
                if name not in _names(self.hook):
                    return {"Name": name}
                raise
            self.log.info("Deleted image database %s", name)
            return {"Name": name}

    def _missing(self, name: str) -> dict[str, Any]:
        if self.if_missing == "fail":
            raise InvalidRequest(f"there is no image database {name}", action=self.action.name)
        self.log.info("There is no image database %s, so there is nothing to delete", name)
        return {"Name": name}


class ListImageDbsOperator(ViapiOperator):
    """List the account's image databases.

    Returns ``DbList``, each with ``Name``.
    """

    action = imgsearch.LIST_IMAGE_DBS

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(request={}, **kwargs)


class AddImageOperator(ViapiOperator):
    """Add a picture to an image database, which holds up to 50,000.

    Returns ``DataId``, the id of the entry.

    :param db_name: the database: a–z, 0–9 and _, 2–64 characters
    :param entity_id: what the picture shows; several pictures may share it: a–z, 0–9 and _, 1–64 characters
    :param image_url: the picture, at an HTTP(S) address that the service can read: JPEG or PNG, at most 2 MB,
        each side from 128 to 1024 pixels
    :param extra_data: given back with a match, at most 512 characters
    """

    action = imgsearch.ADD_IMAGE

    def __init__(
        self, *, db_name: str, entity_id: str, image_url: str, extra_data: str | None = None, **kwargs: Any
    ) -> None:
        request = {"DbName": db_name, "EntityId": entity_id, "ImageUrl": image_url, "ExtraData": extra_data}
        super().__init__(request=request, **kwargs)


class SearchImageOperator(ViapiOperator):
    """Find the pictures of an image database that are most like a given one.

    Returns ``MatchList``, best match first, each with ``DataId``, ``EntityId``, ``ExtraData``, ``ImageUrl`` and
    ``Score`` (0–10, more is more alike).

    :param db_name: the database: a–z, 0–9 and _, 2–64 characters
    :param image_url: the picture, at an HTTP(S) address that the service can read: JPEG or PNG, at most 3 MB,
        each side from 128 to 1024 pixels
    :param limit: most matches to return, 1–1000; today's documents speak of at most 200
    """

    action = imgsearch.SEARCH_IMAGE

    def __init__(self, *, db_name: str, image_url: str, limit: int = 10, **kwargs: Any) -> None:
        super().__init__(request={"DbName": db_name, "ImageUrl": image_url, "Limit": limit}, **kwargs)


class DeleteImageOperator(ViapiOperator):
    """Delete what an image database holds under an entity id.

    Returns nothing of use. What the service answers when there is no such entry is not documented.

    :param db_name: the database: a–z, 0–9 and _, 2–64 characters
    :param entity_id: what the picture shows: a–z, 0–9 and _, 1–64 characters
    """

    action = imgsearch.DELETE_IMAGE

    def __init__(self, *, db_name: str, entity_id: str, **kwargs: Any) -> None:
        super().__init__(request={"DbName": db_name, "EntityId": entity_id}, **kwargs)


class ListImagesOperator(ViapiOperator):
    """List the pictures of an image database, page by page: by ``Offset``, and past 2,000 records by ``Token``.

    Returns ``ImageList``, each with ``DataId``, ``EntityId``, ``ExtraData``, ``CreatedAt`` and ``UpdatedAt``, and
    ``TotalCount``, how many the service says there are. All of it becomes an XCom: of a large database, ask for no
    more than is needed.

    :param db_name: the database: a–z, 0–9 and _, 2–64 characters
    :param limit: most pictures to return, in all; unless given up to 50,000, which is as many as a database holds
    :param order: ``asc`` or ``desc``; by what, and which it is unless given, is not documented
    :param entity_id_prefix: only pictures whose entity id begins like this, at most 64 characters
    :param page_size: most pictures to ask for at once; how many the service grants is not documented, the documents'
        example is 50
    """

    action = imgsearch.LIST_IMAGES

    def __init__(
        self,
        *,
        db_name: str,
        limit: int | None = None,
        order: Literal["asc", "desc"] | None = None,
        entity_id_prefix: str | None = None,
        page_size: int = 50,
        **kwargs: Any,
    ) -> None:
        request = {"DbName": db_name, "Limit": limit, "Order": order, "EntityIdPrefix": entity_id_prefix}
        super().__init__(request=request, **kwargs)
        if not isinstance(page_size, int) or page_size < 1:
            raise InvalidRequest(f"page_size is {page_size!r}; allowed: 1 or more", action=self.action.name)
        self.page_size = page_size

    def execute(self, context: Context) -> dict[str, Any]:
        """Ask for page after page, until there are no more or enough."""
        with fail_without_retry():
            request = self.action.check(self.request)
            most = request.pop("Limit", imgsearch.CAPACITY)
            listing = Listing(self.page_size, most)
            while listing.next_page is not None:
                listing.add_page(self.hook.call(self.action, request | listing.next_page)["Data"])
            images = list(listing.entries.values())
            total = len(images) if listing.total is None else listing.total
            if len(images) < min(most, total):
                self.log.warning("The service counts %d pictures but lists only %d", total, len(images))
            return {"ImageList": images[:most], "TotalCount": total}
