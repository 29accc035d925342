"""The command ``viapi-emulator``."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
from collections.abc import Sequence
from ipaddress import IPv6Address
from pathlib import Path

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.emulator import missing_packages
from airflow_provider_viapi.emulator.access_keys import AccessKey
from airflow_provider_viapi.emulator.data_folder import DataFolderError
from airflow_provider_viapi.emulator.quota import CallsPerSecond
from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.huawei import services as huawei_services


def main(arguments: Sequence[str] | None = None) -> int:
    """Run an emulator until SIGTERM or SIGINT arrives, and return the exit code.

    :param arguments: default: those of the command line
    """
    options = _parser().parse_args(arguments)
    ended = _end_signal()
    if missing := missing_packages():
        return _print_error(missing)

    from airflow_provider_viapi.emulator.server import EmulatorServer

    if options.models:
        services.read_user_models_from(lambda: str(options.models))
    try:
        actions = _action_names()
    except ConfigurationError as error:
        return _print_error(str(error))
    for action, _ in options.qps or ():
        if action and action not in actions:
            short = action.rpartition(".")[2]
            hint = f"; name it without its service: {short}" if short in actions else ""
            return _print_error(f"--qps {action} is not the name of an action{hint}")
    server = EmulatorServer(
        AccessKey(options.access_key_id, options.access_key_secret),
        data_dir=options.data_dir,
        host=options.host,
        port=options.port,
        public_hosts=options.public_host or (),
        calls_per_second=_by_action(options.qps),
        image_instances=options.image_instance or ["demo"],
        job_messages_url=options.job_messages,
    )
    try:
        server.start()
    except (DataFolderError, ConfigurationError) as error:
        return _print_error(str(error))
    except OSError as error:
        return _print_error(f"cannot listen on {options.host} port {options.port}: {error.strerror}")
    try:
        sys.stdout.write(f"VIAPI emulator ready on {server.url}\n")
        sys.stdout.flush()
        ended.recv(1)
    finally:
        server.stop()
    return 0


def _end_signal() -> socket.socket:
    """Return a socket that receives a byte on SIGTERM or SIGINT, whichever thread handles the signal."""
    receiving, sending = socket.socketpair()
    sending.setblocking(False)
    signal.set_wakeup_fd(sending.detach())
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: None)
    return receiving


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="viapi-emulator",
        description="A local VIAPI: the real protocol and real files, produced by classical algorithms. "
        "SIGTERM or SIGINT stops it.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port",
        type=_port,
        default=8765,
        help="port to listen on, 0 for any free port (default: %(default)s)",
    )
    parser.add_argument(
        "--public-host",
        type=_host,
        action="append",
        metavar="NAME",
        help="further host name or address of the emulator, for example of its container; "
        "may be repeated (default: only loopback names and the address to listen on)",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        help="folder for the emulator's files; image databases stay in it (default: a temporary folder, "
        "deleted at the end)",
    )
    parser.add_argument(
        "--qps",
        type=_quota,
        action="append",
        metavar="CALLS|ACTION=CALLS",
        help="limit of calls per second for each action, or for one action; may be repeated; calls beyond it are "
        "rejected with Throttling.User or APIGW.0308 (default: no limit)",
    )
    parser.add_argument(
        "--image-instance",
        action="append",
        metavar="NAME",
        help="name of an instance of ImageSearch, which no call can make; may be repeated (default: demo)",
    )
    parser.add_argument(
        "--job-messages",
        metavar="URL",
        help="send a message when a job of VIAPI ends: redis://host:port/db?channel=NAME, "
        "amqp://user:password@host:port/vhost?exchange=NAME for a fanout exchange, or sns:///?topic=ARN "
        "(default: none)",
    )
    parser.add_argument(
        "--models",
        type=Path,
        metavar="PATH",
        help="JSON file, or folder of them, with models of further actions, as [viapi] models_path (default: none)",
    )
    parser.add_argument(
        "--access-key-id",
        default=AccessKey().id,
        help="access key id to accept (default: %(default)s)",
    )
    parser.add_argument(
        "--access-key-secret",
        default=AccessKey().secret,
        help="its secret (default: %(default)s, which is public: for local use only)",
    )
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not a port from 0 to 65535")
    return port


def _quota(text: str) -> tuple[str, int]:
    action, _, number = text.rpartition("=")
    calls = int(number)
    if calls < 1:
        raise argparse.ArgumentTypeError(f"{calls} is not a number of calls; give at least 1")
    return action, calls


def _host(text: str) -> str:
    try:
        is_host = ":" not in text or bool(IPv6Address(text))
    except ValueError:
        is_host = False
    if not is_host or not text or "/" in text:
        raise argparse.ArgumentTypeError(f"{text!r} is not a host name or an address; give it without a port")
    return text


def _action_names() -> set[str]:
    viapi = {action.name for action in services.actions().values()}
    return viapi | {action.name for action in huawei_services.actions().values()}


def _by_action(quotas: Sequence[tuple[str, int]] | None) -> CallsPerSecond:
    given = dict(quotas or ())
    of_each = given.pop("", None)
    return {**dict.fromkeys(_action_names(), of_each), **given} if of_each else given or None


def _print_error(message: str) -> int:
    sys.stderr.write(f"viapi-emulator: {message}\n")
    return 1
