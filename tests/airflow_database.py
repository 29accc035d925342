"""Database for a real Airflow in a test."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import pytest

AIRFLOW_VERSION = tuple(int(number) for number in version("apache-airflow").split(".")[:2])


@contextmanager
def database() -> Iterator[str | None]:
    """Create a database on the PostgreSQL server at ``VIAPI_TEST_POSTGRES``; yield ``None`` (SQLite) without one.

    Airflow 2 runs tasks in parallel only with a database server, so its tests are skipped without one.
    """
    server = os.environ.get("VIAPI_TEST_POSTGRES")
    if not server:
        if AIRFLOW_VERSION < (3,):
            pytest.skip("Airflow 2 needs PostgreSQL at VIAPI_TEST_POSTGRES")
        yield None
        return
    with create_database(server) as address:
        yield address


@contextmanager
def create_database(server: str) -> Iterator[str]:
    """Create a database on a PostgreSQL server, and drop it at the end; yield its address for SQLAlchemy."""
    import psycopg2

    name = f"viapi_test_{secrets.token_hex(4)}"
    admin = psycopg2.connect(server)
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    try:
        yield server.replace("postgresql://", "postgresql+psycopg2://").rpartition("/")[0] + f"/{name}"
    finally:
        with admin.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
        admin.close()
