"""Links to files on Google Cloud Storage and Azure, whose signatures are verified here without their libraries.

Skipped without ``apache-airflow-providers-google`` and ``apache-airflow-providers-microsoft-azure``, which have too
many dependencies for the test environment. With ``VIAPI_TEST_AZURITE``, the command of Azurite's blob service (``npm
install azurite``), its server checks the links as well.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import shlex
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from airflow_provider_viapi.plugins.file_links import EXPIRES_IN, FileNotLinked, signed_link

KEYS = ["films/out.mp4", "films/a b+ü&#.mp4"]
ACCOUNT, CONTAINER = "devstoreaccount1", "media"
ACCOUNT_KEY = base64.b64encode(b"a key of a storage account").decode()


def query_of(link: str) -> dict[str, str]:
    """Return the parameters of a link."""
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def google(private_key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the id of a connection with the key of a service account."""
    pytest.importorskip("gcsfs")
    pytest.importorskip("airflow.providers.google.cloud.fs.gcs")
    pem = private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {
        "type": "service_account",
        "project_id": "films",
        "private_key_id": "1",
        "private_key": pem.decode(),
        "client_email": "airflow@films.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    extra = {"keyfile_dict": json.dumps(account), "project": "films"}
    connection = {"conn_type": "google_cloud_platform", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_LINKS_GOOGLE", json.dumps(connection))
    return "links_google"


@pytest.mark.parametrize("scheme", ["gs", "gcs"])
@pytest.mark.parametrize("key", KEYS)
def test_a_link_to_google_cloud_storage_is_signed_with_the_service_account(
    google: str, private_key: rsa.RSAPrivateKey, scheme: str, key: str
) -> None:
    before = int(time.time())

    link = signed_link(f"{scheme}://{google}@media/{key}")

    parts, query = urlsplit(link), query_of(link)
    assert (parts.scheme, parts.netloc, unquote(parts.path)) == (
        "https",
        "storage.googleapis.com",
        f"/media/{key}",
    )
    assert query["GoogleAccessId"] == "airflow@films.iam.gserviceaccount.com"
    assert before + EXPIRES_IN <= int(query["Expires"]) <= time.time() + EXPIRES_IN
    # Google's documentation of signed URLs: method, MD5, type, expiry, resource as it is in the URL.
    signed = f"GET\n\n\n{query['Expires']}\n{parts.path}".encode()
    signature = base64.b64decode(query["Signature"])
    private_key.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        private_key.public_key().verify(signature, signed + b"x", padding.PKCS1v15(), hashes.SHA256())


def azure_signature(link: str, account: str, account_key: str, resource: str) -> str:
    """Return the signature that a link to a blob must have, as Azure's documentation of service SAS says."""
    query = query_of(link)
    names = ("sp", "st", "se", None, "si", "sip", "spr", "sv", "sr", "sst", "ses", "rscc", "rscd", "rsce")
    fields = [
        f"/blob/{account}/{resource}" if name is None else query.get(name, "")
        for name in (*names, "rscl", "rsct")
    ]
    digest = hmac.new(base64.b64decode(account_key), "\n".join(fields).encode(), hashlib.sha256)
    return base64.b64encode(digest.digest()).decode()


def with_azure(monkeypatch: pytest.MonkeyPatch, conn_id: str, **fields: object) -> str:
    """Return the id of a new connection to Azure."""
    pytest.importorskip("adlfs")
    pytest.importorskip("airflow.providers.microsoft.azure.fs.adls")
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps({"conn_type": "wasb", **fields}))
    return conn_id


CONNECTION_STRING = (
    f"DefaultEndpointsProtocol=https;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};"
    "EndpointSuffix=core.windows.net"
)


@pytest.mark.parametrize(
    ("conn_id", "fields"),
    [
        ("links_extra", {"extra": {"account_name": ACCOUNT, "account_key": ACCOUNT_KEY}}),
        (
            "links_password",
            {"login": ACCOUNT, "password": ACCOUNT_KEY, "extra": {"account_name": ACCOUNT}},
        ),
        ("links_string", {"extra": {"connection_string": CONNECTION_STRING}}),
    ],
)
@pytest.mark.parametrize("scheme", ["abfs", "abfss"])
@pytest.mark.parametrize("key", KEYS)
def test_a_link_to_azure_is_signed_with_the_accounts_key(
    monkeypatch: pytest.MonkeyPatch, conn_id: str, fields: dict[str, object], scheme: str, key: str
) -> None:
    from datetime import datetime, timezone

    with_azure(monkeypatch, conn_id, **fields)
    before = int(time.time())

    link = signed_link(f"{scheme}://{conn_id}@{CONTAINER}/{key}")

    parts, query = urlsplit(link), query_of(link)
    assert (parts.scheme, parts.netloc) == ("https", f"{ACCOUNT}.blob.core.windows.net")
    assert unquote(parts.path) == f"/{CONTAINER}/{key}"
    assert (query["sp"], query["sr"]) == ("r", "b")
    expires = datetime.strptime(query["se"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()
    assert before + EXPIRES_IN <= expires <= time.time() + EXPIRES_IN
    assert query["sig"] == azure_signature(link, ACCOUNT, ACCOUNT_KEY, f"{CONTAINER}/{key}")


def test_a_connection_without_a_key_that_signs_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"extra": {"account_name": ACCOUNT, "sas_token": "sv=1&sig=secret"}}
    with_azure(monkeypatch, "links_without_key", **fields)

    with pytest.raises(FileNotLinked, match="no key that signs links") as raised:
        signed_link(f"abfs://links_without_key@{CONTAINER}/films/out.mp4")

    assert raised.value.status == 501
    assert "secret" not in str(raised.value)


@pytest.fixture
def azurite(tmp_path: Path) -> Iterator[str]:
    """Run Azurite and return the address of its account; it verifies signatures as Azure does."""
    command = os.environ.get("VIAPI_TEST_AZURITE")
    if not command:
        pytest.skip("VIAPI_TEST_AZURITE does not name Azurite's command")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Libraries send versions of the API that Azurite does not know yet.
    options = ["--blobPort", str(port), "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    process = subprocess.Popen(
        [*shlex.split(command), *options, "--location", str(tmp_path)],
        env={**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{ACCOUNT_KEY}"},
    )
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/{ACCOUNT}"
    finally:
        process.terminate()
        process.wait(30)


def test_a_server_that_verifies_signatures_serves_a_link_to_azure(
    azurite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("adlfs")
    from azure.storage.blob import ContainerClient

    text = (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};BlobEndpoint={azurite}"
    )
    with_azure(monkeypatch, "links_azurite", extra={"connection_string": text})
    with ContainerClient.from_connection_string(text, CONTAINER) as container:
        container.create_container()
        for key in KEYS:
            container.upload_blob(key, b"0123456789")

    for key in KEYS:
        link = signed_link(f"abfs://links_azurite@{CONTAINER}/{key}")
        assert httpx.get(link, headers={"Range": "bytes=2-4"}, trust_env=False).content == b"234"
        for wrong in (link.split("?")[0], link.replace("sp=r", "sp=rw"), link.replace("out", "other")):
            if wrong != link:
                assert httpx.get(wrong, trust_env=False).status_code in (403, 404)
