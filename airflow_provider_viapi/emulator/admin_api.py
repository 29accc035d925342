"""The administration of an emulator over HTTP: inspection, faults, temporary keys and reset."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from airflow_provider_viapi.emulator.certificate import Certificate
from airflow_provider_viapi.emulator.engine import Engine
from airflow_provider_viapi.emulator.fault_schema import InvalidFault
from airflow_provider_viapi.emulator.http_guard import MAX_ADMIN_BYTES, BodyTooLarge, read_body


def admin_routes(engine: Engine, certificate: Certificate) -> list[Route]:
    """Return the routes below ``/_emulator``; requests and responses are JSON.

    * ``GET /jobs``: every job, oldest first
    * ``GET /calls``: the number of accepted and rejected calls of each action
    * ``GET``, ``POST`` and ``DELETE /faults``: list, add and clear faults
    * ``PUT`` and ``DELETE /results/service.Action``: set the result of an action, and unset it
    * ``POST /sts``: issue a temporary key
    * ``GET /certificate``: the certificate that clients must trust for HTTPS, in PEM
    * ``POST /reset``: delete jobs, calls, keys, objects, databases and faults
    """

    async def jobs(request: Request) -> Response:
        return JSONResponse(engine.jobs())

    async def calls(request: Request) -> Response:
        return JSONResponse(engine.calls())

    async def faults(request: Request) -> Response:
        return JSONResponse(engine.faults())

    async def add_fault(request: Request) -> Response:
        try:
            engine.add_fault(await read_json(request))
        except InvalidFault as error:
            return bad_request(str(error))
        return JSONResponse(engine.faults(), 201)

    async def clear_faults(request: Request) -> Response:
        engine.clear_faults()
        return Response(status_code=204)

    async def set_result(request: Request) -> Response:
        action = request.path_params["action"]
        result = None if request.method == "DELETE" else await read_json(request)
        if request.method == "PUT" and not isinstance(result, dict):
            return bad_request("the body must be the result: a JSON object of at most 1 MB")
        try:
            engine.set_result(action, result)
        except KeyError:
            return bad_request(f"{action} is not the full name of an action, such as ocr.RecognizeCharacter")
        return Response(status_code=204)

    async def sts(request: Request) -> Response:
        document = await read_json(request)
        seconds = document.get("seconds") if isinstance(document, dict) else None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 1e9:
            return bad_request(
                'seconds must be the validity of the key from 0 to 1e9, such as {"seconds": 900}'
            )
        key = engine.issue_key(seconds)
        return JSONResponse(
            {
                "access_key_id": key.id,
                "access_key_secret": key.secret,
                "security_token": key.security_token,
                "expires_at": datetime.fromtimestamp(key.expires or 0.0, timezone.utc).isoformat(),
            }
        )

    async def pem(request: Request) -> Response:
        return Response(certificate.pem, media_type="application/x-pem-file")

    async def reset(request: Request) -> Response:
        await engine.reset()
        return Response(status_code=204)

    return [
        Route("/jobs", jobs),
        Route("/calls", calls),
        Route("/faults", faults),
        Route("/faults", add_fault, methods=["POST"]),
        Route("/faults", clear_faults, methods=["DELETE"]),
        Route("/results/{action:path}", set_result, methods=["PUT", "DELETE"]),
        Route("/sts", sts, methods=["POST"]),
        Route("/certificate", pem),
        Route("/reset", reset, methods=["POST"]),
    ]


async def read_json(request: Request) -> Any:
    """Return the JSON document of a request, or ``None`` if the body is too large or not JSON."""
    try:
        return json.loads(await read_body(request, MAX_ADMIN_BYTES))
    except (BodyTooLarge, ValueError, RecursionError):
        return None


def bad_request(message: str) -> Response:
    """Return a response with status 400 and a message."""
    return JSONResponse({"message": message}, 400)
