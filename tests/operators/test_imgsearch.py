"""The operators of image search that do more than one call: creating, deleting, listing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import ANY, Mock

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException

from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.errors import InvalidRequest, ServiceError
from airflow_provider_viapi.operators.imgsearch import (
    CreateImageDbOperator,
    DeleteImageDbOperator,
    DeleteImageOperator,
    ListImageDbsOperator,
    ListImagesOperator,
)
from airflow_provider_viapi.operators.viapi import ViapiOperator
from run_task import run_task


@dataclass
class ImageSearch:
    """Image search as its documents describe it, in place of a hook; where they are silent it does the worst.

    :param databases: of each database the entity ids of its images
    :param first: the number of the first record, which the documents do not state
    :param largest_page: most records on a page, which they do not state either
    :param total: whether it says how many records there are
    """

    databases: dict[str, list[str]] = field(default_factory=dict)
    first: int = 0
    largest_page: int = 1000
    total: bool = True
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def call(self, action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a call as a hook would."""
        checked = action.check(request)
        self.calls.append((action.name, checked))
        return {"RequestId": "R-1", "Data": getattr(self, f"_{action.name}")(checked)}

    def _CreateImageDb(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["Name"] in self.databases:
            raise InvalidRequest("there is one", code="InvalidParameter")
        self.databases[request["Name"]] = []
        return {}

    def _DeleteImageDb(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["Name"] not in self.databases:
            raise InvalidRequest("there is none", code="InvalidParameter")
        del self.databases[request["Name"]]
        return {}

    def _ListImageDbs(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"DbList": [{"Name": name} for name in self.databases]}

    def _DeleteImage(self, request: dict[str, Any]) -> dict[str, Any]:
        self.databases[request["DbName"]].remove(request["EntityId"])
        return {}

    def _ListImages(self, request: dict[str, Any]) -> dict[str, Any]:
        prefix = request.get("EntityIdPrefix", "")
        images = [each for each in self._images(request["DbName"]) if each["EntityId"].startswith(prefix)]
        images = images[:: -1 if request.get("Order") == "desc" else 1]
        start = self._start(request)
        page = images[start : start + min(request["Limit"], self.largest_page)]
        data = {"ImageList": page, "Token": str(start + len(page))}
        return data | ({"TotalCount": len(images)} if self.total else {})

    def _images(self, name: str) -> list[dict[str, Any]]:
        return [
            {
                "DataId": str(number),
                "EntityId": entity,
                "ExtraData": "",
                "CreatedAt": number,
                "UpdatedAt": number,
            }
            for number, entity in enumerate(self.databases[name])
        ]

    def _start(self, request: dict[str, Any]) -> int:
        if "Token" in request:
            return int(request["Token"])
        if "Offset" not in request:
            return 0
        if request["Offset"] + request["Limit"] > 2000:
            raise InvalidRequest("only the first 2000 can be reached like this", code="InvalidParameter")
        return int(request["Offset"]) - self.first


def at(service: Any, task: ViapiOperator) -> Any:
    """Result of the task when it calls this service."""
    vars(task)["hook"] = service
    return run_task(task).result


def with_images(count: int) -> ImageSearch:
    return ImageSearch({"covers": [f"entity_{number}" for number in range(count)]})


def listing(**arguments: Any) -> ListImagesOperator:
    return ListImagesOperator(task_id="list", db_name="covers", **arguments)


def test_a_database_that_is_there_is_deleted() -> None:
    service = ImageSearch({"covers": ["a"], "others": []})

    result = at(service, DeleteImageDbOperator(task_id="delete", name="covers"))

    assert result == {"Name": "covers"}
    assert service.databases.keys() == {"others"}


def test_deleting_a_database_that_is_not_there_is_no_error() -> None:
    service = ImageSearch({"others": []})

    result = at(service, DeleteImageDbOperator(task_id="delete", name="covers"))

    assert result == {"Name": "covers"}
    assert [name for name, _ in service.calls] == ["ListImageDbs"]


def test_deleting_a_database_that_is_not_there_is_an_error_if_wanted() -> None:
    task = DeleteImageDbOperator(task_id="delete", name="covers", if_missing="fail")

    with pytest.raises(AirflowFailException, match="there is no image database covers"):
        at(ImageSearch(), task)


def test_a_database_that_somebody_else_deletes_meanwhile_is_deleted() -> None:
    class Overtaken(ImageSearch):
        def _DeleteImageDb(self, request: dict[str, Any]) -> dict[str, Any]:
            self.databases.clear()
            return super()._DeleteImageDb(request)

    result = at(Overtaken({"covers": []}), DeleteImageDbOperator(task_id="delete", name="covers"))

    assert result == {"Name": "covers"}


def test_a_database_that_the_service_does_not_delete_fails_the_task() -> None:
    class Stubborn(ImageSearch):
        def _DeleteImageDb(self, request: dict[str, Any]) -> dict[str, Any]:
            raise InvalidRequest("not now", code="InvalidParameter")

    with pytest.raises(AirflowFailException, match="not now"):
        at(Stubborn({"covers": []}), DeleteImageDbOperator(task_id="delete", name="covers"))


def test_deleting_a_database_tears_down_what_creating_it_set_up() -> None:
    with DAG("dag", schedule=None):
        create = CreateImageDbOperator(task_id="create", name="covers")
        delete = DeleteImageDbOperator(task_id="delete", name=create.output["Name"])
        create >> ListImageDbsOperator(task_id="work") >> delete.as_teardown(setups=create)

    assert create.is_setup
    assert delete.is_teardown
    assert delete.upstream_task_ids == {"create", "work"}


@pytest.mark.parametrize(("if_exists", "fails"), [("skip", False), ("fail", True)])
def test_a_database_that_exists_is_taken_or_is_an_error(if_exists: Any, fails: bool) -> None:
    task = CreateImageDbOperator(task_id="create", name="covers", if_exists=if_exists)
    service = ImageSearch({"covers": ["a"]})

    if fails:
        with pytest.raises(AirflowFailException, match="image database covers already exists"):
            at(service, task)
    else:
        assert at(service, task) == {"Name": "covers"}
    assert service.databases == {"covers": ["a"]}


def test_databases_are_listed() -> None:
    result = at(ImageSearch({"covers": [], "others": []}), ListImageDbsOperator(task_id="list"))

    assert result == {"DbList": [{"Name": "covers"}, {"Name": "others"}]}


def test_an_image_is_deleted() -> None:
    service = ImageSearch({"covers": ["a", "b"]})

    at(service, DeleteImageOperator(task_id="delete", db_name="covers", entity_id="a"))

    assert service.databases == {"covers": ["b"]}


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(
    ("count", "page_size", "largest_page"),
    [(0, 50, 1000), (1, 50, 1000), (120, 50, 1000), (120, 100, 7), (2000, 500, 1000), (4321, 500, 1000)],
)
def test_all_images_are_listed_each_once(first: int, count: int, page_size: int, largest_page: int) -> None:
    service = with_images(count)
    service.first, service.largest_page = first, largest_page

    result = at(service, listing(page_size=page_size))

    assert [image["EntityId"] for image in result["ImageList"]] == service.databases["covers"]
    assert result["TotalCount"] == count


def test_pages_past_2000_records_are_asked_for_with_the_token_of_the_one_before() -> None:
    service = with_images(2600)

    at(service, listing(page_size=600))

    asked = [
        {name: request.get(name) for name in ("Offset", "Limit", "Token")} for _, request in service.calls
    ]
    assert asked == [
        {"Offset": None, "Limit": 600, "Token": None},
        {"Offset": 600, "Limit": 600, "Token": None},
        {"Offset": 1200, "Limit": 600, "Token": None},
        {"Offset": 1800, "Limit": 200, "Token": None},
        {"Offset": None, "Limit": 600, "Token": "2000"},
    ]


@pytest.mark.parametrize(("limit", "calls"), [(1, 1), (50, 1), (51, 2), (2500, 50)])
def test_no_more_than_the_limit_is_listed_or_asked_for(limit: int, calls: int) -> None:
    service = with_images(3000)

    result = at(service, listing(limit=limit))

    assert [image["EntityId"] for image in result["ImageList"]] == service.databases["covers"][:limit]
    assert result["TotalCount"] == 3000
    assert len(service.calls) == calls


def test_order_and_prefix_hold_for_every_page() -> None:
    service = with_images(2300)

    result = at(service, listing(order="desc", entity_id_prefix="entity_1", page_size=100))

    chosen = [entity for entity in service.databases["covers"] if entity.startswith("entity_1")]
    assert [image["EntityId"] for image in result["ImageList"]] == chosen[::-1]


def test_a_service_that_returns_no_total_is_listed_to_its_end() -> None:
    service = with_images(2100)
    service.total = False

    result = at(service, listing(page_size=500))

    assert len(result["ImageList"]) == result["TotalCount"] == 2100


class StuckAt(ImageSearch):
    """Always gives the same token."""

    token = ""

    def _ListImages(self, request: dict[str, Any]) -> dict[str, Any]:
        return super()._ListImages(request) | {"Token": self.token}


def test_a_token_that_repeats_fails_the_task_and_is_not_used_again() -> None:
    service = StuckAt(with_images(2600).databases)
    service.token = "2000"

    with pytest.raises(ServiceError, match="repeats pages of the list after 2100 images"):
        at(service, listing(page_size=100))
    assert [request.get("Token") for _, request in service.calls[-2:]] == [None, "2000"]


def test_without_a_token_the_list_ends_at_2000_records_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = Mock()
    monkeypatch.setattr(ListImagesOperator, "log", log)

    result = at(StuckAt(with_images(2600).databases), listing(page_size=100))

    assert len(result["ImageList"]) == 2000
    assert result["TotalCount"] == 2600
    log.warning.assert_called_with(ANY, 2600, 2000)


def test_a_list_whose_tokens_lead_nowhere_ends() -> None:
    class Circling(ImageSearch):
        def _ListImages(self, request: dict[str, Any]) -> dict[str, Any]:
            again = request | ({"Token": "2000"} if "Token" in request else {})
            return super()._ListImages(again) | {"Token": str(len(self.calls))}

    with pytest.raises(ServiceError, match="repeats pages of the list"):
        at(Circling(with_images(2600).databases), listing(page_size=100))


@pytest.mark.parametrize("page_size", [0, -1, "50", 1.5])
def test_a_page_size_that_is_none_fails_when_the_dag_is_parsed(page_size: Any) -> None:
    with pytest.raises(InvalidRequest, match="page_size is"):
        listing(page_size=page_size)


@pytest.mark.parametrize(
    ("operator", "arguments", "named"),
    [
        (DeleteImageDbOperator, {"name": "Covers"}, "Name is 'Covers'"),
        (DeleteImageDbOperator, {"name": "covers", "if_missing": "ignore"}, "if_missing is 'ignore'"),
        (DeleteImageOperator, {"db_name": "covers", "entity_id": "x" * 65}, "EntityId is"),
        (ListImagesOperator, {"db_name": "c"}, "DbName is 'c'"),
        (ListImagesOperator, {"db_name": "covers", "limit": 0}, "Limit is 0"),
        (
            ListImagesOperator,
            {"db_name": "covers", "order": "up"},
            "Order is 'up'; allowed: one of asc, desc",
        ),
        (ListImagesOperator, {"db_name": "covers", "entity_id_prefix": "x" * 65}, "EntityIdPrefix is"),
    ],
)
def test_a_literal_that_is_not_allowed_fails_when_the_dag_is_parsed(
    operator: type[ViapiOperator], arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidRequest, match=named):
        operator(task_id="task", **arguments)
