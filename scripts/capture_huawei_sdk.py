"""Record the requests that Huawei's own MetaStudio SDK sends for each known operation.

    python capture_huawei_sdk.py actions.txt tests/huawei/sdk_requests.json

Run it with the Python of an environment that has ``huaweicloudsdkmetastudio``; ``actions.txt`` names the operations,
one per line, as in ``metastudio.ACTIONS``. Keys and values are invented, and the requests are sent to a listener on
this machine. The output has the arguments of each operation, by wire name, and the request that was sent.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import huaweicloudsdkmetastudio.v1 as sdk
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.http.formdata import FormFile
from huaweicloudsdkmetastudio.v1 import MetaStudioClient

KEY = {
    "ak": "FAKEAKFAKEAKFAKEAK01",
    "sk": "fakeSKfakeSKfakeSKfakeSKfakeSKfakeSK0001",
    "token": "fake/token+0001==",
}
PROJECT = "0123456789abcdef0123456789abcdef"
PICTURE = b"\x89PNG\r\n\x1a\nnot a whole picture"
"""Content of a file in a form."""


def value_of(kind: str, name: str, depth: int = 0) -> Any:
    """Return a value of one of the SDK's types."""
    plain = {"str": f"{name} é/~*", "int": 7, "float": 0.5, "bool": True, "object": {"any": 1}}
    if kind in plain:
        return plain[kind]
    if kind == "file":
        with tempfile.NamedTemporaryFile(suffix=".png", delete=False) as file:
            file.write(PICTURE)
        return FormFile(file.name, content_type="image/png")
    if kind.startswith("list["):
        inner = value_of(kind[5:-1], name, depth)
        return [inner] if inner is not None else None
    model = getattr(sdk, kind)
    if not model.openapi_types:
        # An enumeration: use one of its values.
        return next(value for key, value in vars(model).items() if key.isupper())
    if depth > 1:
        return None
    made = {each: value_of(inner, each, depth + 1) for each, inner in model.openapi_types.items()}
    return model(**{each: value for each, value in made.items() if value is not None})


def plain(value: Any) -> Any:
    """Return the value as JSON types."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, FormFile):
        return base64.b64encode(PICTURE).decode()
    if hasattr(value, "openapi_types"):
        named = {wire: getattr(value, own) for own, wire in value.attribute_map.items()}
        return {wire: plain(each) for wire, each in named.items() if each is not None}
    return value


class Listener(BaseHTTPRequestHandler):
    """Record the last request; the body of a form as Latin-1."""

    last: dict[str, Any]

    def handle_any(self) -> None:
        """Record the request and respond with an empty object."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        Listener.last = {
            "method": self.command,
            "target": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body.decode("latin-1" if "boundary" in self.headers["Content-Type"] else "utf-8"),
        }
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def capture(client: MetaStudioClient, operation: str) -> dict[str, Any]:
    """Return the request that the SDK sends for an operation with all arguments."""
    request = getattr(sdk, f"{operation}Request")
    given = {
        name: value_of(kind, name)
        for name, kind in request.openapi_types.items()
        if not name.startswith("x_") and name not in ("project_id", "body")
    }
    body = value_of(request.openapi_types["body"], "body") if "body" in request.openapi_types else None
    method = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", operation).lower()
    call = next(each for each in dir(client) if each.replace("_", "") == method.replace("_", ""))
    with_body = {} if body is None else {"body": body}
    getattr(client, call)(request(**given, **with_body))
    flat = {request.attribute_map[name]: plain(value) for name, value in given.items()}
    return {"operation": operation, "given": {**flat, **(plain(body) or {})}, **Listener.last}


def main() -> None:
    """Record all operations."""
    actions, to = map(Path, sys.argv[1:3])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    key = BasicCredentials(KEY["ak"], KEY["sk"], PROJECT).with_security_token(KEY["token"])
    client = (
        MetaStudioClient.new_builder()
        .with_credentials(key)
        .with_endpoint(f"http://127.0.0.1:{server.server_port}")
        .build()
    )
    # The SDK's own user agent describes the machine, and is signed.
    client.preset_headers = {"User-Agent": "huaweicloud-usdk-python/3.0"}
    requests = [capture(client, operation) for operation in actions.read_text().split()]
    facts = {"sdk": "huaweicloudsdkmetastudio", "key": KEY, "project_id": PROJECT, "requests": requests}
    to.write_text(json.dumps(facts, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    server.shutdown()


if __name__ == "__main__":
    main()
