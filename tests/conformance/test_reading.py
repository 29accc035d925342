"""Reading of facts from Alibaba's metadata and SDKs."""

from __future__ import annotations

import json
from pathlib import Path

from make_conformance_facts import read_metadata, read_sdks

MODELS = """
class MakeRequestBoxes(Model):
    def __init__(self, x: float = None):
        # Left edge.
        self.x = x

    def to_map(self):
        result = dict()
        if self.x is not None:
            result['X'] = self.x
        return result

class MakeRequest(Model):
    def __init__(self, boxes: List[MakeRequestBoxes] = None, video_url: str = None):
        self.boxes = boxes
        # This parameter is required.
        self.video_url = video_url

    def to_map(self):
        result = dict()
        result['Boxes'] = []
        if self.boxes is not None:
            for k in self.boxes:
                result['Boxes'].append(k.to_map() if k else None)
        if self.video_url is not None:
            result['VideoURL'] = self.video_url
        return result

class MakeResponseBodyDate(Model):
    def __init__(self, ids: List[int] = None):
        self.ids = ids

    def to_map(self):
        result = dict()
        if self.ids is not None:
            result['Ids'] = self.ids
        return result

class MakeResponseBody(Model):
    def __init__(self, date: MakeResponseBodyDate = None, request_id: str = None):
        self.date = date
        self.request_id = request_id

    def to_map(self):
        result = dict()
        if self.date is not None:
            result['Date'] = self.date.to_map()
        if self.request_id is not None:
            result['RequestId'] = self.request_id
        return result
"""

CLIENT = """
class Client:
    def make_with_options(self, request, runtime):
        body, query = {}, {}
        if not is_unset(request.boxes):
            query['Boxes'] = request.boxes
        if not is_unset(request.video_url):
            body['VideoURL'] = request.video_url
        params = Params(action='Make', version='2020-03-20', style='RPC')
        return self.call_api(params)

    def other_with_options(self, request, runtime):
        return self.call_api(Params(action='Other', version='2020-03-20'))
"""


def sdk(folder: Path, models: str = MODELS) -> Path:
    package = folder / "alibabacloud_videoenhan20200320"
    package.mkdir(parents=True)
    (folder / f"{package.name}-4.0.0.dist-info").mkdir()
    (package / "models.py").write_text(models)
    (package / "client.py").write_text(CLIENT)
    return folder


def test_names_types_places_and_required_fields_are_read_from_an_sdk(tmp_path: Path) -> None:
    facts = read_sdks(sdk(tmp_path), {"videoenhan.Make"})

    assert facts == {
        "videoenhan.Make": {
            "sdk": "alibabacloud_videoenhan20200320-4.0.0",
            "version": "2020-03-20",
            "request": {
                "Boxes": {
                    "in": "query",
                    "type": "array",
                    "items": {"X": {"type": "number", "required": False}},
                    "required": False,
                },
                "VideoURL": {"in": "body", "type": "string", "required": True},
            },
            "result": {"Ids": {"type": "array", "items": "integer"}},
        }
    }


def test_of_an_sdk_that_says_of_nothing_that_it_is_required_nothing_is_claimed(tmp_path: Path) -> None:
    silent = MODELS.replace("# This parameter is required.", "# The video.")

    facts = read_sdks(sdk(tmp_path, silent), {"videoenhan.Make"})

    assert facts["videoenhan.Make"]["request"] == {
        "Boxes": {"in": "query", "type": "array", "items": {"X": {"type": "number"}}},
        "VideoURL": {"in": "body", "type": "string"},
    }


def test_ranges_and_choices_but_no_descriptions_are_read_from_metadata(
    tmp_path: Path,
) -> None:
    schemas = {
        "BitRate": {"type": "integer", "description": "码率,取值范围`[8,200]`。", "maximum": "300"},
        "Color": {"type": "string", "description": "例如红色`[255,0,0]`,可选h264、hevc。", "required": True},
        "VideoUrl": {"type": "string", "description": "视频URL地址", "isFileTransferUrl": True},
    }
    parameters = [{"name": name, "in": "formData", "schema": schema} for name, schema in schemas.items()]
    answer = {"Date": {"type": "object", "properties": {"Id": {"type": "string", "description": "编号"}}}}
    make = {
        "parameters": parameters,
        "responses": {"200": {"schema": {"properties": answer}}},
        "responseParamsDescription": "GetAsyncJobResult",
    }
    document = {"info": {"product": "videoenhan", "version": "2020-03-20"}, "apis": {"Make": make}}
    path = tmp_path / "videoenhan.openapi.json"
    path.write_text(json.dumps(document))

    facts = read_metadata(path)

    place = {"in": "formData"}
    assert facts["videoenhan.Make"] == {
        "version": "2020-03-20",
        "asynchronous": True,
        "parameters": {
            "BitRate": {
                **place,
                "type": "integer",
                "required": False,
                "maximum": 300,
                "stated_range": [8, 200],
            },
            "Color": {**place, "type": "string", "required": True, "words": ["0", "255", "h264", "hevc"]},
            "VideoUrl": {**place, "type": "string", "required": False},
        },
        "result": {"Id": {"type": "string"}},
    }
