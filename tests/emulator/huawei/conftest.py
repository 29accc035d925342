from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.huawei.account import Account
from airflow_provider_viapi.huawei.client import Client, User, with_token_for
from airflow_provider_viapi.renewable_credentials import Credentials
from emulator.huawei.callers import Caller


@pytest.fixture(scope="session")
def running_huawei() -> Iterator[EmulatorServer]:
    with EmulatorServer() as server:
        yield server


@pytest.fixture
def emulator(running_huawei: EmulatorServer) -> EmulatorServer:
    """An emulator with a clock that goes, since the provider's own client signs with the time of the day."""
    running_huawei.reset()
    return running_huawei


@pytest.fixture
def account(emulator: EmulatorServer) -> Account:
    key = Credentials(emulator.access_key_id, emulator.access_key_secret)
    return Account(auth=key, endpoint=emulator.url, project_id=emulator.huawei_project_id)


@pytest.fixture
def client(account: Account) -> Iterator[Client]:
    with Client(account, retry_seconds=0) as client:
        yield client


@pytest.fixture
def caller(client: Client) -> Caller:
    return Caller(client)


@pytest.fixture
def user(emulator: EmulatorServer) -> User:
    return User(emulator.huawei_user, emulator.huawei_password, emulator.huawei_domain)


@pytest.fixture
def token_client(emulator: EmulatorServer, user: User) -> Iterator[Client]:
    with Client(with_token_for(user, Account(endpoint=emulator.url)), retry_seconds=0) as client:
        yield client
