"""Measure how many ChangeVideoSize requests this provider and Alibaba's clients sign per second, in one process.

The measurement covers everything from an action's parameters to a signed HTTP request: address, headers and body. It
excludes validation of the parameters, the network and reading the response, for all clients. Alibaba's clients are
measured in two ways:

* *call*: the call that a program makes, without sending
* *functions*: only their functions that build and sign, in the order in which the call uses them; no program does
  that, since it would have to rewrite the client, but nothing is faster with their code
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from alibabacloud_tea_openapi import utils_models
from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.utils import Utils
from aliyunsdkcore.auth.composer import rpc_signature_composer
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import RpcRequest
from darabonba.core import DaraCore
from darabonba.request import DaraRequest
from darabonba.runtime import RuntimeOptions
from darabonba.utils.form import Form

from report import ROOT, Goal, report, table

sys.path.insert(0, str(ROOT))

from airflow_provider_viapi.alibaba.account import Account, Signature
from airflow_provider_viapi.alibaba.rpc import encode
from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.jobs.model import RequestNonce
from airflow_provider_viapi.renewable_credentials import Credentials

ROUNDS = 25
REQUESTS = 400
REQUIRED = 3.0
ACTION = videoenhan.CHANGE_VIDEO_SIZE
VERSION = ACTION.service.version
HOST = "videoenhan.cn-shanghai.aliyuncs.com"
KEY = Credentials("LTAI5tMadeUpMadeUpMadeUp", "madeupmadeupmadeupmadeupmadeup")
ADDRESS = "https://team-media.oss-cn-shanghai.aliyuncs.com/viapi/2026-11-20/clip-0007.mp4"
OSS_SIGNATURE = (
    "?x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-date=20261120T071550Z&x-oss-expires=7200"
    "&x-oss-credential=LTAI5tMadeUpMadeUpMadeUp%2F20261120%2Fcn-shanghai%2Foss%2Faliyun_v4_request"
    "&x-oss-signature=77dbb8e1c4d0f8c1ffb6c7b1d3fa0a6f0c4a7f7d2f63a1a9d5b7a4b0a3d1e2f9"
)
ADDRESSES = {"signed": ADDRESS + OSS_SIGNATURE, "plain": ADDRESS}
HEADERS = {"host": HOST, "x-acs-version": VERSION, "x-acs-action": ACTION.name}
FORM = "application/x-www-form-urlencoded"

Encoder = Callable[[dict[str, Any]], object]
Seconds = dict[tuple[Signature, str], list[float]]


def ours(signature: Signature) -> Encoder:
    """Sign as this provider does for each call."""
    account = Account(KEY, signature=signature)
    return lambda request: encode(ACTION, request, account, account.credentials.current(), RequestNonce.new())


def tea_call(signature: Signature) -> Encoder:
    """Sign with ``call_api`` of the current clients; ``DaraCore.do_action`` returns once the URL is built."""
    client = Client(
        utils_models.Config(
            access_key_id=KEY.access_key_id,
            access_key_secret=KEY.access_key_secret,
            endpoint=HOST,
            protocol="HTTPS",
            signature_algorithm="v2" if signature == "1.0" else None,
        )
    )
    call = utils_models.Params(
        action=ACTION.name,
        version=VERSION,
        protocol="HTTPS",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="binary",
    )
    options = RuntimeOptions()
    return lambda request: client.call_api(call, utils_models.OpenApiRequest(body=request), options)


def tea_functions_1_0(request: dict[str, Any]) -> str:
    """Run the statements of ``Client.do_rpcrequest`` that build and sign."""
    http = _tea_request()
    http.query = {
        "Action": ACTION.name,
        "Format": "json",
        "Version": VERSION,
        "Timestamp": Utils.get_timestamp(),
        "SignatureNonce": Utils.get_nonce(),
    }
    http.headers = HEADERS | {"user-agent": Utils.get_user_agent(None), "content-type": FORM}
    http.body = Form.to_form_string(Utils.query(request))
    http.query["SignatureMethod"] = "HMAC-SHA1"
    http.query["SignatureVersion"] = "1.0"
    http.query["AccessKeyId"] = KEY.access_key_id
    signed = http.query | Utils.query(request)
    http.query["Signature"] = Utils.get_rpcsignature(signed, "POST", KEY.access_key_secret)
    return str(DaraCore.compose_url(http))


def tea_functions_acs3(request: dict[str, Any]) -> str:
    """Run the statements of ``Client.do_request`` that build and sign."""
    algorithm = "ACS3-HMAC-SHA256"
    http = _tea_request()
    http.query = {}
    http.headers = HEADERS | {
        "user-agent": Utils.get_user_agent(None),
        "x-acs-date": Utils.get_timestamp(),
        "x-acs-signature-nonce": Utils.get_nonce(),
        "accept": "application/json",
    }
    http.body = Utils.to_form(request)
    digest = Utils.hash(http.body.encode(), algorithm).hex()
    http.headers |= {"content-type": FORM, "x-acs-content-sha256": digest}
    http.headers["Authorization"] = Utils.get_authorization(
        http, algorithm, digest, KEY.access_key_id, KEY.access_key_secret
    )
    return str(DaraCore.compose_url(http))


def _tea_request() -> DaraRequest:
    http = DaraRequest()
    http.protocol, http.method, http.pathname = "HTTPS", "POST", "/"
    return http


LEGACY_CLIENT = AcsClient(KEY.access_key_id, KEY.access_key_secret, "cn-shanghai")


def legacy_call(request: dict[str, Any]) -> object:
    """Run ``AcsClient.do_action_with_exception`` up to the sending."""
    call = RpcRequest("videoenhan", VERSION, ACTION.name)
    call.set_method("POST")
    for name, value in request.items():
        call.add_body_params(name, str(value))
    return LEGACY_CLIENT._make_http_response(HOST, call, 5, 10)


def legacy_functions(request: dict[str, Any]) -> tuple[str, str]:
    """Run only its signing, and encode the form."""
    own = {name: str(value) for name, value in request.items()}
    system = {"Version": VERSION, "Action": ACTION.name, "Format": "JSON"}
    address, _ = rpc_signature_composer.get_signed_url(
        system, KEY.access_key_id, KEY.access_key_secret, "JSON", "POST", own
    )
    return address, urlencode(own)


ENCODERS: dict[tuple[Signature, str], Encoder] = {
    ("1.0", "this provider"): ours("1.0"),
    ("1.0", "tea-openapi, call"): tea_call("1.0"),
    ("1.0", "tea-openapi, functions"): tea_functions_1_0,
    ("1.0", "legacy core, call"): legacy_call,
    ("1.0", "legacy core, functions"): legacy_functions,
    ("ACS3-HMAC-SHA256", "this provider"): ours("ACS3-HMAC-SHA256"),
    ("ACS3-HMAC-SHA256", "tea-openapi, call"): tea_call("ACS3-HMAC-SHA256"),
    ("ACS3-HMAC-SHA256", "tea-openapi, functions"): tea_functions_acs3,
}


def main() -> int:
    """Let all clients sign alternately, and report the medians, and the medians of each round's ratios."""
    sent = SimpleNamespace(status_code=200, headers={}, body=b"")
    DaraCore.do_action = staticmethod(lambda request, options: (DaraCore.compose_url(request), sent)[1])
    rows, goals = [], []
    for kind, address in ADDRESSES.items():
        seconds = measured(request_with(address))
        for (signature, who), found in seconds.items():
            each, ratio = statistics.median(found), ratio_to_ours(seconds, signature, who)
            what = f"{signature}, {kind} address, {who}"
            rows.append((what, f"{1 / each:,.0f}", f"{each * 1e6:.1f}", f"{ratio:.2f}"))
        for signature in dict.fromkeys(signature for signature, _ in ENCODERS):
            goals.append(goal(signature, kind, seconds))
    heading = (
        "signature, address in the request, who",
        "per CPU second",
        "µs each",
        "× this provider's time",
    )
    packages = ["alibabacloud-tea-openapi", "darabonba-core", "aliyun-python-sdk-core"]
    return report("signatures", table(heading, rows), goals, packages)


def request_with(address: str) -> dict[str, Any]:
    """Return all parameters of the action, validated."""
    given = {"VideoUrl": address, "Width": 720, "Height": 1280, "CropType": "fill", "FillType": "color"}
    return ACTION.check({**given, "Tightness": 0.6, "R": 16, "G": 16, "B": 16})


def measured(request: dict[str, Any]) -> Seconds:
    """Return the CPU seconds per request of each encoder, by round."""
    seconds: Seconds = {each: [] for each in ENCODERS}
    for round_number in range(ROUNDS + 1):
        for each, encoder in ENCODERS.items():
            before = time.process_time()
            for _ in range(REQUESTS):
                encoder(request)
            if round_number:  # the first one warms up
                seconds[each].append((time.process_time() - before) / REQUESTS)
    return seconds


def ratio_to_ours(seconds: Seconds, signature: Signature, who: str) -> float:
    """Return how many times this provider's time a client takes."""
    ours, theirs = seconds[signature, "this provider"], seconds[signature, who]
    return statistics.median(their / our for their, our in zip(theirs, ours, strict=True))


def goal(signature: Signature, kind: str, seconds: Seconds) -> Goal:
    """Return the goal: the fastest of the clients' calls takes three times this provider's time."""
    ratios = {
        who: ratio_to_ours(seconds, signature, who)
        for signed, who in seconds
        if signed == signature and who.endswith("call")
    }
    fastest = min(ratios, key=lambda who: ratios[who])
    return Goal(
        f"signature {signature}, {kind} address, at least {REQUIRED:.0f} × the fastest client ({fastest})",
        f"{ratios[fastest]:.2f} ×",
        ratios[fastest] >= REQUIRED,
    )


if __name__ == "__main__":
    sys.exit(main())
