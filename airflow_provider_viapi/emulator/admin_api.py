"""What people and tests ask of an emulator besides its services: what happened, and what is to go wrong."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from airflow_provider_viapi.emulator.certificate import Certificate
from airflow_provider_viapi.emulator.engine import Engine
from airflow_provider_viapi.emulator.fault_schema import BadFault


def control_routes(engine: Engine, certificate: Certificate) -> list[Route]:
    """The routes below ``/_emulator``; they take and give JSON.

    * ``GET /jobs``: every job, the oldest first
    * ``GET /calls``: how many calls of each action were accepted and rejected
    * ``GET``, ``POST`` and ``DELETE /faults``: what is to go wrong; told, added and cleared
    * ``POST /sts``: a temporary key
    * ``GET /certificate``: what a client has to trust for HTTPS, in PEM
    * ``POST /reset``: forget everything
    """

    async def jobs(request: Request) -> Response:
        return JSONResponse(engine.jobs())

    async def calls(request: Request) -> Response:
        return JSONResponse(engine.calls())

    async def faults(request: Request) -> Response:
        return JSONResponse(engine.faults())

    async def add_fault(request: Request) -> Response:
        try:
            engine.add_fault(await _json(request))
        except BadFault as bad:
            return _bad_request(str(bad))
        return JSONResponse(engine.faults(), 201)

    async def clear_faults(request: Request) -> Response:
        engine.clear_faults()
        return Response(status_code=204)

    async def sts(request: Request) -> Response:
        asked = await _json(request)
        seconds = asked.get("seconds") if isinstance(asked, dict) else None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 1e9:
            return _bad_request('say for how long the key is to be good: {"seconds": 900}')
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
        Route("/sts", sts, methods=["POST"]),
        Route("/certificate", pem),
        Route("/reset", reset, methods=["POST"]),
    ]


async def _json(request: Request) -> Any:
    try:
        return await request.json()
    except (ValueError, RecursionError):
        return None


def _bad_request(message: str) -> Response:
    return JSONResponse({"message": message}, 400)
