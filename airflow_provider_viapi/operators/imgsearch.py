"""Image search (service imgsearch): one operator per action.

The service is closed to accounts that had not opened it by 2023-02-15.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.alibaba.errors import InvalidRequest
from airflow_provider_viapi.alibaba.services import imgsearch
from airflow_provider_viapi.operators.base import ViapiOperator
from airflow_provider_viapi.operators.context import failing_for_good

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


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
        with failing_for_good():
            name = self.action.check(self.request)["Name"]
            # What the service answers to a second creation is not documented, so it is not relied upon.
            if self._exists(name):
                return self._found(name)
            try:
                super().execute(context)
            except AirflowFailException:
                if self._exists(name):
                    return self._found(name)
                raise
            self.log.info("Created image database %s", name)
            return {"Name": name}

    def _exists(self, name: str) -> bool:
        databases = self.hook.call(imgsearch.LIST_IMAGE_DBS, {})["Data"]["DbList"]
        return any(database["Name"] == name for database in databases)

    def _found(self, name: str) -> dict[str, Any]:
        if self.if_exists == "fail":
            raise InvalidRequest(f"there is an image database {name} already", action=self.action.name)
        self.log.info("Image database %s exists already", name)
        return {"Name": name}


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
