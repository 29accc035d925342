"""Copies the files of a folder into a bucket of the emulator, as ``oss://bucket/folder/name``.

Runs where the emulator is installed, because it needs what the environments of the clients do not have.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.fs.oss_client import Oss, place_of
from airflow_provider_viapi.renewable_credentials import Credentials


def main(endpoint: str, source: Path, bucket: str, folder: str) -> None:
    """Copy; the key is in ``OSS_ACCESS_KEY_ID`` and ``OSS_ACCESS_KEY_SECRET``."""
    key = Credentials(os.environ["OSS_ACCESS_KEY_ID"], os.environ["OSS_ACCESS_KEY_SECRET"])
    account = Account(key, endpoint=endpoint)
    oss = Oss(account, place_of(account))
    for file in source.iterdir():
        oss.put(bucket, f"{folder}/{file.name}", file.read_bytes())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
