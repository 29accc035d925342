"""Reading of facts from Huawei's SDK, and that the reference page is of today."""

from __future__ import annotations

from pathlib import Path

from make_huawei_reference import PAGE, reference
from read_huawei_models import read_sdk, version_of

CLIENT = """
class MetaStudioClient:
    @classmethod
    def _make_thing_http_info(cls, request):
        http_info = {
            "method": "POST",
            "resource_path": "/v1/{project_id}/things/{kind}",
            "request_type": request.__class__.__name__,
            "response_type": "MakeThingResponse"
            }
        path_params = {}
        if 'kind' in local_var_params:
            path_params['kind'] = local_var_params['kind']
        query_params = []
        if 'page_size' in local_var_params:
            query_params.append(('page-size', local_var_params['page_size']))
        header_params = {}
        if 'x_app_user_id' in local_var_params:
            header_params['X-App-UserId'] = local_var_params['x_app_user_id']
        header_params['Content-Type'] = http_utils.select_header_content_type(['application/json'])

    @classmethod
    def _other_http_info(cls, request):
        http_info = {"method": "GET", "resource_path": "/", "response_type": "OtherResponse"}
"""


def model(name: str, fields: dict[str, tuple[str, str, bool]]) -> str:
    types = {own: kind for own, (_, kind, _) in fields.items()}
    wire = {own: named for own, (named, _, _) in fields.items()}
    lines = [f"class {name}:", f"    openapi_types = {types!r}", f"    attribute_map = {wire!r}"]
    lines += ["    def __init__(self, **fields):", "        self.discriminator = None"]
    for own, (_, _, required) in fields.items():
        lines += [] if required else [f"        if {own} is not None:"]
        lines += [f"{'        ' if required else '            '}self.{own} = {own}"]
    return "\n".join(lines) + "\n"


def sdk(folder: Path) -> Path:
    models = folder / "huaweicloudsdkmetastudio" / "v1" / "model"
    models.mkdir(parents=True)
    (folder / "huaweicloudsdkmetastudio-9.9.dist-info").mkdir()
    (models.parent / "metastudio_client.py").write_text(CLIENT)
    request = {
        "x_app_user_id": ("X-App-UserId", "str", False),
        "kind": ("kind", "str", True),
        "page_size": ("page-size", "int", False),
        "body": ("body", "Thing", False),
    }
    (models / "request.py").write_text(model("MakeThingRequest", request))
    (models / "thing.py").write_text(
        model("Thing", {"parts": ("parts", "list[Part]", True)})
        + model("Part", {"key": ("Key", "str", True)})
    )
    answer = {"job_id": ("job_id", "str", False), "x_request_id": ("X-Request-Id", "str", False)}
    (models / "answer.py").write_text(model("MakeThingResponse", answer))
    return folder


def test_places_types_and_required_fields_are_read_from_an_sdk(tmp_path: Path) -> None:
    folder = sdk(tmp_path)

    assert version_of(folder) == "huaweicloudsdkmetastudio-9.9"
    assert read_sdk(folder, {"MakeThing"}) == {
        "MakeThing": {
            "method": "POST",
            "path": "/v1/{project_id}/things/{kind}",
            "in_path": {"kind": {"type": "str", "required": True, "needs": []}},
            "in_query": {"page-size": {"type": "int", "required": False, "needs": []}},
            "in_header": {"X-App-UserId": {"type": "str", "required": False, "needs": []}},
            "in_body": {"parts": {"type": "list[Part]", "required": True, "needs": ["Key"]}},
            "answer": ["job_id"],
        }
    }


def test_the_reference_page_is_what_the_model_says() -> None:
    assert PAGE.read_text() == reference()
