"""The command ``viapi-emulator``."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.emulator.access_keys import AccessKey
from airflow_provider_viapi.emulator.data_folder import FolderUnusable
from airflow_provider_viapi.emulator.quota import CallsPerSecond
from airflow_provider_viapi.emulator.requirements import what_is_missing
from airflow_provider_viapi.huawei import services as huawei_services


def main(arguments: Sequence[str] | None = None) -> int:
    """Run an emulator until TERM or INT, and return the exit code.

    :param arguments: those of the command line unless given
    """
    options = _parser().parse_args(arguments)
    ended = _end_signal()
    if missing := what_is_missing():
        return _complain(missing)

    from airflow_provider_viapi.emulator.server import EmulatorServer

    server = EmulatorServer(
        AccessKey(options.access_key_id, options.access_key_secret),
        data_dir=options.data_dir,
        host=options.host,
        port=options.port,
        calls_per_second=_by_action(options.qps),
    )
    try:
        server.start()
    except FolderUnusable as error:
        return _complain(str(error))
    except OSError as error:
        return _complain(f"cannot listen on {options.host} port {options.port}: {error.strerror}")
    try:
        sys.stdout.write(f"VIAPI emulator ready on {server.url}\n")
        sys.stdout.flush()
        ended.recv(1)
    finally:
        server.stop()
    return 0


def _end_signal() -> socket.socket:
    """A socket in which a byte arrives with TERM or INT, whichever thread the system gives the signal to."""
    receiving, sending = socket.socketpair()
    sending.setblocking(False)
    signal.set_wakeup_fd(sending.detach())
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: None)
    return receiving


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="viapi-emulator",
        description="A local VIAPI: the real protocol, real files, made by approximations. TERM or INT end it.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (%(default)s)")
    parser.add_argument(
        "--port", type=_port, default=8765, help="port to listen at, 0 for any that is free (%(default)s)"
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        help="folder to keep image databases in; a temporary one, deleted at the end, unless given",
    )
    parser.add_argument(
        "--qps",
        type=_quota,
        action="append",
        metavar="CALLS|ACTION=CALLS",
        help="calls of each action in a second, or of one action, as often as needed; those over it are answered "
        "with Throttling.User or APIGW.0308 (no limit)",
    )
    parser.add_argument(
        "--access-key-id",
        default=AccessKey().id,
        help="the key that may call (%(default)s, for local use)",
    )
    parser.add_argument(
        "--access-key-secret",
        default=AccessKey().secret,
        help="its secret (%(default)s, for local use: anybody can read it here)",
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
        raise argparse.ArgumentTypeError(f"{calls} is not a number of calls from 1")
    if action and action not in _action_names():
        raise argparse.ArgumentTypeError(f"{action} is no action of the services'")
    return action, calls


def _action_names() -> set[str]:
    viapi = {action.name for action in services.actions().values()}
    return viapi | {action.name for action in huawei_services.actions().values()}


def _by_action(quotas: Sequence[tuple[str, int]] | None) -> CallsPerSecond:
    given = dict(quotas or ())
    of_each = given.pop("", None)
    return {**dict.fromkeys(_action_names(), of_each), **given} if of_each else given or None


def _complain(what: str) -> int:
    sys.stderr.write(f"viapi-emulator: {what}\n")
    return 1
