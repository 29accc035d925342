"""Image search (service imgsearch), one operator per action.

The service is closed to accounts that had not activated it by 2023-02-15.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.alibaba.services import imgsearch
from airflow_provider_viapi.errors import InvalidRequest, ServiceError
from airflow_provider_viapi.operators.arguments.checks import as_choice, not_allowed
from airflow_provider_viapi.operators.task.view import fail_and_show
from airflow_provider_viapi.operators.viapi import ViapiOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg
    from typing_extensions import Unpack

    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.operators.arguments.options import Address, Integer, Text, ViapiOptions


def _names(hook: ViapiHook) -> set[str]:
    databases = hook.call(imgsearch.LIST_IMAGE_DBS, {})["Data"]["DbList"]
    return {database["Name"] for database in databases}


class CreateImageDbOperator(ViapiOperator):
    """Create an image database.

    Returns ``Name``, so that later tasks can use ``create.output["Name"]``.

    :param name: name of the database: a–z, 0–9 and _, 2–64 characters
    :param if_exists: ``skip`` to use an existing database of that name, ``fail`` to fail the task; default: ``skip``
    """

    action = imgsearch.CREATE_IMAGE_DB

    def __init__(
        self, *, name: Text, if_exists: Literal["skip", "fail"] = "skip", **kwargs: Unpack[ViapiOptions]
    ) -> None:
        super().__init__(request={"Name": name}, **kwargs)
        self.if_exists = as_choice("if_exists", if_exists, ("skip", "fail"), self.action.name)

    def execute(self, context: Context) -> dict[str, Any]:
        """Create the database unless it exists."""
        with fail_and_show(context, self.action_name):
            name = self.action.check(self.request)["Name"]
            # The response to a second creation is not documented, so the list decides.
            if name in _names(self.hook):
                return self._found(name)
            try:
                self.call_action(context)
            except ServiceError as error:
                if self.is_permanent(error) and name in _names(self.hook):
                    return self._found(name)
                raise
            self.log.info("Created image database %s", name)
            return {"Name": name}

    def _found(self, name: str) -> dict[str, Any]:
        if self.if_exists == "fail":
            raise InvalidRequest(
                f"image database {name} already exists; if_exists='skip' uses it", action=self.action.name
            )
        self.log.info("Image database %s exists already", name)
        return {"Name": name}


class DeleteImageDbOperator(ViapiOperator):
    """Delete an image database with all its images; this cannot be undone.

    As a teardown it also runs after tasks that failed: ``delete.as_teardown(setups=create)``.

    Returns ``Name``.

    :param name: name of the database: a–z, 0–9 and _, 2–64 characters
    :param if_missing: ``skip`` to succeed if there is no such database, ``fail`` to fail the task; default: ``skip``
    """

    action = imgsearch.DELETE_IMAGE_DB

    def __init__(
        self, *, name: Text, if_missing: Literal["skip", "fail"] = "skip", **kwargs: Unpack[ViapiOptions]
    ) -> None:
        super().__init__(request={"Name": name}, **kwargs)
        self.if_missing = as_choice("if_missing", if_missing, ("skip", "fail"), self.action.name)

    def execute(self, context: Context) -> dict[str, Any]:
        """Delete the database if it exists."""
        with fail_and_show(context, self.action_name):
            name = self.action.check(self.request)["Name"]
            # The response for a missing database is not documented, so the list decides.
            if name not in _names(self.hook):
                return self._missing(name)
            try:
                self.call_action(context)
            except ServiceError as error:
                if self.is_permanent(error) and name not in _names(self.hook):
                    return {"Name": name}
                raise
            self.log.info("Deleted image database %s", name)
            return {"Name": name}

    def _missing(self, name: str) -> dict[str, Any]:
        if self.if_missing == "fail":
            raise InvalidRequest(
                f"there is no image database {name}; if_missing='skip' ignores that", action=self.action.name
            )
        self.log.info("Image database %s does not exist, nothing to delete", name)
        return {"Name": name}


class ListImageDbsOperator(ViapiOperator):
    """List the account's image databases.

    Returns ``DbList``, each with ``Name``.
    """

    action = imgsearch.LIST_IMAGE_DBS

    def __init__(self, **kwargs: Unpack[ViapiOptions]) -> None:
        super().__init__(request={}, **kwargs)


class AddImageOperator(ViapiOperator):
    """Add an image to an image database, which holds up to 50,000.

    Returns ``DataId``, the id of the entry.

    :param db_name: name of the database: a–z, 0–9 and _, 2–64 characters
    :param entity_id: id of what the image shows; several images may share it: a–z, 0–9 and _, 1–64 characters
    :param image_url: image, a URL that the service can read or an address in object storage (``s3://…``): JPEG or
        PNG, at most 2 MB, more than 128×128 and less than 1024×1024 pixels
    :param extra_data: text that is returned with a match, at most 512 characters
    """

    action = imgsearch.ADD_IMAGE

    def __init__(
        self,
        *,
        db_name: Text,
        entity_id: Text,
        image_url: Address,
        extra_data: Text | None = None,
        **kwargs: Unpack[ViapiOptions],
    ) -> None:
        request = {"DbName": db_name, "EntityId": entity_id, "ImageUrl": image_url, "ExtraData": extra_data}
        super().__init__(request=request, **kwargs)


class SearchImageOperator(ViapiOperator):
    """Find the images of a database that are most similar to a given image.

    Returns ``MatchList``, best match first, each with ``DataId``, ``EntityId``, ``ExtraData``, ``ImageUrl`` and
    ``Score`` (similarity, 0–10).

    :param db_name: name of the database: a–z, 0–9 and _, 2–64 characters
    :param image_url: image, a URL that the service can read or an address in object storage (``s3://…``): JPEG or
        PNG, at most 3 MB, more than 128×128 and less than 1024×1024 pixels
    :param limit: largest number of matches to return, 1–1000 (1–200 in the metadata of 2025); default: 10
    """

    action = imgsearch.SEARCH_IMAGE

    def __init__(
        self, *, db_name: Text, image_url: Address, limit: Integer = 10, **kwargs: Unpack[ViapiOptions]
    ) -> None:
        super().__init__(request={"DbName": db_name, "ImageUrl": image_url, "Limit": limit}, **kwargs)


class DeleteImageOperator(ViapiOperator):
    """Delete all entries of an image database that have a given entity id.

    Returns an empty mapping. The response for an entity id that does not exist is not documented.

    :param db_name: name of the database: a–z, 0–9 and _, 2–64 characters
    :param entity_id: entity id of the entries: a–z, 0–9 and _, 1–64 characters
    """

    action = imgsearch.DELETE_IMAGE

    def __init__(self, *, db_name: Text, entity_id: Text, **kwargs: Unpack[ViapiOptions]) -> None:
        super().__init__(request={"DbName": db_name, "EntityId": entity_id}, **kwargs)


class ListImagesOperator(ViapiOperator):
    """List the images of an image database; all pages are read, by ``Token`` where the service requires it.

    Returns ``ImageList``, each with ``DataId``, ``EntityId``, ``ExtraData``, ``CreatedAt`` and ``UpdatedAt``, and
    ``TotalCount``, the number of images that the service counts. The whole list becomes an XCom: set ``limit`` for a
    large database.

    :param db_name: name of the database: a–z, 0–9 and _, 2–64 characters
    :param limit: largest number of images to return in total; default: 50,000, the capacity of a database
    :param order: ``asc`` or ``desc``; the field that is sorted by and the default are not documented
    :param entity_id_prefix: return only images whose entity id begins with this, at most 64 characters
    :param page_size: images per call; the maximum is not documented; default: 50, as in the documents' example
    """

    action = imgsearch.LIST_IMAGES

    def __init__(
        self,
        *,
        db_name: Text,
        limit: Integer | None = None,
        order: Literal["asc", "desc"] | XComArg | None = None,
        entity_id_prefix: Text | None = None,
        page_size: int = 50,
        **kwargs: Unpack[ViapiOptions],
    ) -> None:
        request = {"DbName": db_name, "Limit": limit, "Order": order, "EntityIdPrefix": entity_id_prefix}
        super().__init__(request=request, **kwargs)
        if type(page_size) is not int or not 1 <= page_size <= imgsearch.CAPACITY:
            allowed = f"a whole number from 1 to {imgsearch.CAPACITY}"
            raise not_allowed("page_size", page_size, allowed, self.action.name)
        self.page_size = page_size

    def execute(self, context: Context) -> dict[str, Any]:
        """Read pages until there are no more, or enough."""
        with fail_and_show(context, self.action_name):
            request = self.validated_request()
            most = request.pop("Limit", imgsearch.CAPACITY)
            from airflow_provider_viapi.image_index.imgsearch_database import Listing

            listing = Listing(self.page_size, most)
            while listing.next_page is not None:
                listing.add_page(self.hook.call(self.action, request | listing.next_page)["Data"])
            images = list(listing.entries.values())
            total = len(images) if listing.total is None else listing.total
            if len(images) < min(most, total):
                self.log.warning("The service counts %d images but lists only %d", total, len(images))
            return {"ImageList": images[:most], "TotalCount": total}
