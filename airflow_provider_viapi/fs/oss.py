"""``oss://`` for fsspec, and with it for Airflow's ``ObjectStoragePath``; needs the extra ``oss``.

A written file appears when it is closed, whole, or not at all: parts that were sent before an error are discarded.
Airflow finds ``schemes`` and ``get_fs`` by the provider's metadata. ``ObjectStoragePath`` also needs a class that
fsspec can import for ``oss://``, which needs the entry point. It replaces the package ``ossfs``, so the class
refuses what is meant for ``ossfs``, instead of using another identity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

from airflow_provider_viapi.errors import ConfigurationError, InvalidMedia, PermissionDenied
from airflow_provider_viapi.fs.oss_client import OssObject, open_oss

if TYPE_CHECKING:
    from airflow_provider_viapi.fs.oss_client import Oss, Upload

schemes = ["oss"]

_OPTIONS = frozenset(
    "asynchronous loop batch_size skip_instance_cache use_listings_cache listings_expiry_time max_paths".split()  # noqa: SIM905
)

BLOCK_SIZE = 8 << 20
"""Bytes that are read ahead, and of a part that is written."""


def get_fs(conn_id: str | None, storage_options: Mapping[str, Any] | None = None) -> OssFileSystem:
    """Return the file system with the key of an Airflow connection.

    :param conn_id: of type ``viapi`` or ``alibaba_cloud``; default: ``viapi_default``
    """
    from airflow_provider_viapi.hooks.viapi import ViapiHook

    return OssFileSystem(conn_id=conn_id or ViapiHook.default_conn_name, **(storage_options or {}))


class OssFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """Buckets and objects as folders and files; a folder exists as soon as something is in it.

    :param conn_id: the Airflow connection whose key is used
    :param kwargs: options of fsspec's own, such as ``listings_expiry_time``
    :raises ConfigurationError: there is no connection id, or an option that this class does not know
    """

    protocol = "oss"
    # Connections may change, and other programs change objects.
    cachable = False

    def __init__(self, conn_id: str | None = None, **kwargs: Any) -> None:
        unknown = sorted(kwargs.keys() - _OPTIONS)
        if unknown or not conn_id:
            given = f"{', '.join(unknown)} cannot be used" if unknown else "conn_id is missing"
            raise ConfigurationError(
                f"oss:// is opened by airflow-provider-viapi, with the key of an Airflow connection, and {given}. "
                "Give conn_id='viapi_default', or use ossfs.OSSFileSystem(...) of the package ossfs by its class",
            )
        super().__init__(**{**kwargs, "use_listings_cache": False})
        self.conn_id = conn_id

    @cached_property
    def oss(self) -> Oss:
        """The OSS client with that key."""
        from airflow_provider_viapi.hooks.viapi import ViapiHook

        return open_oss(ViapiHook(self.conn_id))

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        stripped = super()._strip_protocol(path)
        return [each.lstrip("/") for each in stripped] if isinstance(stripped, list) else stripped.lstrip("/")

    def _split(self, path: str) -> tuple[str, str]:
        bucket, _, key = str(self._strip_protocol(path)).partition("/")
        if not bucket:
            raise FileNotFoundError("oss:// must be followed by the name of a bucket")
        return bucket, key

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        """Return name, size, type and, of a file, ETag and time.

        :raises FileNotFoundError: no object has that name, or is in a folder of that name
        """
        bucket, key = self._split(path)
        found = _translated(lambda: self.oss.head(bucket, key)) if key else None
        if found is not None:
            return _entry(bucket, found)
        if next(iter(self._listed(bucket, f"{key}/" if key else "", "/")), None) is None and key:
            raise FileNotFoundError(path)
        return {"name": self._strip_protocol(path), "size": 0, "type": "directory"}

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> list[Any]:
        """List a folder, or the file of that name."""
        bucket, key = self._split(path)
        prefix = f"{key}/" if key else ""
        found = [each for each in self._listed(bucket, prefix, "/") if each["name"] != f"{bucket}/{prefix}"]
        if not found and key:
            found = [self.info(path)]
        return found if detail else [each["name"] for each in found]

    def find(
        self,
        path: str,
        maxdepth: int | None = None,
        withdirs: bool = False,
        detail: bool = False,
        **kwargs: Any,
    ) -> Any:
        """List all files below a folder, or the file of that name, by name.

        :param detail: return what is known of each, by its name
        """
        if maxdepth is not None or withdirs:
            return super().find(path, maxdepth, withdirs, detail, **kwargs)
        bucket, key = self._split(path)
        # One listing, and not one for each folder; a key may have an empty part, which no folder has.
        files = {
            each["name"]: each
            for each in self._listed(bucket, f"{key}/" if key else "", None)
            if not each["name"].endswith("/")
        }
        if not files and key and self.isfile(path):
            files = {f"{bucket}/{key}": self.info(path)}
        return dict(sorted(files.items())) if detail else sorted(files)

    def _listed(self, bucket: str, prefix: str, delimiter: str | None) -> Iterator[dict[str, Any]]:
        for each in self.oss.list_objects(bucket, prefix, delimiter):
            if isinstance(each, OssObject):
                yield _entry(bucket, each)
            else:
                yield {"name": f"{bucket}/{each.rstrip('/')}", "size": 0, "type": "directory"}

    def modified(self, path: str) -> datetime:
        """Return when a file was stored."""
        moment: datetime = self.info(path)["LastModified"]
        return moment

    def sign(self, path: str, expiration: int = 100, **kwargs: Any) -> str:
        """Return a URL by which anybody can read a file.

        :param expiration: validity in seconds; default: 100
        """
        return self.oss.presign(*self._split(path), timedelta(seconds=expiration))

    def cp_file(self, path1: str, path2: str, **kwargs: Any) -> None:
        """Copy a file within its bucket, on the server.

        :raises NotImplementedError: the target is in another bucket
        """
        (bucket, source), (other, target) = self._split(path1), self._split(path2)
        if bucket != other:
            raise NotImplementedError("Files are copied within a bucket only; read and write them instead")
        _translated(lambda: self.oss.copy(bucket, source, target))

    def _rm(self, path: str) -> None:
        _translated(lambda: self.oss.delete(*self._split(path)))

    def rm_file(self, path: str) -> None:
        """Delete a file."""
        self._rm(path)

    def mkdir(self, path: str, create_parents: bool = True, **kwargs: Any) -> None:
        """Do nothing: folders need not be created."""

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Do nothing: folders need not be created."""

    def rmdir(self, path: str) -> None:
        """Do nothing: a folder disappears with its last object."""

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,
        cache_options: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> OssFile:
        if mode not in ("rb", "wb"):
            raise NotImplementedError(f"Files are opened with rb or wb, not {mode}")
        return OssFile(
            self,
            path,
            mode,
            block_size or BLOCK_SIZE,
            autocommit=autocommit,
            cache_options=cache_options,
            **kwargs,
        )


class OssFile(AbstractBufferedFile):  # type: ignore[misc]
    """A file that is read by ranges, or written in parts and visible once it is closed without an error."""

    _upload: Upload | None = None
    _parts = 0
    _whole = b""

    def _fetch_range(self, start: int, end: int) -> bytes:
        bucket, key = self.fs._split(self.path)
        start, end = max(0, start), min(end, self.size)
        if start >= end:
            return b""
        etag = self.details["ETag"]
        content: bytes = _translated(lambda: self.fs.oss.read(bucket, key, start, end, etag=etag))
        return content

    def _initiate_upload(self) -> None:
        if not self.forced or self.buffer.tell() >= self.blocksize:
            self._upload = _translated(lambda: self.fs.oss.begin(*self.fs._split(self.path)))

    def _upload_chunk(self, final: bool = False) -> bool:
        content = self.buffer.getvalue()
        if self._upload is None:
            self._whole = content
        try:
            if content and self._upload is not None:
                self._parts += 1
                self._upload.put_part(self._parts, content)
            if final and self.autocommit:
                self.commit()
        except BaseException:
            self.discard()
            raise
        return True

    def commit(self) -> None:
        """Make the file visible."""
        if self._upload is not None:
            self._upload.complete()
            self._upload = None
        else:
            self.fs.oss.put(*self.fs._split(self.path), self._whole)

    def discard(self) -> None:
        """Discard what was written."""
        upload, self._upload = self._upload, None
        self.closed = True
        if upload is not None:
            upload.abort()

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        # Otherwise half a file would be completed on the way out.
        if kind is not None and self.mode == "wb" and not self.closed:
            self.discard()
        else:
            self.close()


def _translated(call: Any) -> Any:
    """Return the result of a call; raise missing objects and rights as fsspec's callers expect them."""
    try:
        return call()
    except InvalidMedia as error:
        raise FileNotFoundError(str(error)) from error
    except PermissionDenied as error:
        raise PermissionError(str(error)) from error


def _entry(bucket: str, found: OssObject) -> dict[str, Any]:
    return {
        "name": f"{bucket}/{found.key}",
        "size": found.size,
        "type": "file",
        "ETag": found.etag,
        "LastModified": found.modified,
    }
