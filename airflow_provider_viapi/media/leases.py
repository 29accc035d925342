"""Leases on copies that several tasks use, so that the last one removes a copy and none before.

Beside each copy are empty objects: ``lease-<holder>`` of every user, ``closing-<holder>`` of everyone who is about to
remove it. Whoever acquires a copy writes a lease first and then looks for a closing; whoever removes it writes a
closing first and then looks for leases. Whatever the order, one of the two sees the other: object storage lists at
once what was written. A folder that is being closed is not used any more; the next user takes the next one (``…-2``).
A holder that is lost leaves its copy to the bucket's lifecycle rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Protocol


class Bucket(Protocol):
    """The operations of a bucket that leases need."""

    def put(self, key: str) -> None:
        """Store an empty object."""
        ...

    def delete(self, key: str) -> None:
        """Delete an object, if there is one."""
        ...

    def sizes(self, prefix: str) -> Mapping[str, int]:
        """Return the size of each object whose key begins with the prefix, by key."""
        ...


class Leases:
    """The copies that one task uses.

    :param bucket: contains them
    :param holder: the task, in letters and digits; no other has the same
    """

    def __init__(self, bucket: Bucket, holder: str) -> None:
        self._bucket = bucket
        self._lease, self._closing = f"lease-{holder}", f"closing-{holder}"

    def acquire(self, base: str, name: str, size: int) -> tuple[str, bool]:
        """Return the key of a copy, and whether it exists in full; it stays until it is released.

        :param base: beginning of the keys of this copy and of no other
        :param name: last part of the copy's key
        :param size: bytes of a complete copy
        """
        for generation in count(1):
            folder = f"{base}-{generation}/"
            self._bucket.put(folder + self._lease)
            found = self._bucket.sizes(folder)
            if not _any(found, folder, "closing-"):
                return folder + name, found.get(folder + name) == size
            self._release(folder)
        raise AssertionError("unreachable")

    def release(self, base: str) -> None:
        """Stop using all copies whose keys begin like that, and remove those that nobody else uses."""
        for key in self._bucket.sizes(base):
            if key.endswith(f"/{self._lease}"):
                self._release(key.removesuffix(self._lease))

    def _release(self, folder: str) -> None:
        self._bucket.delete(folder + self._lease)
        if _any(self._bucket.sizes(folder), folder, "lease-"):
            return
        self._bucket.put(folder + self._closing)
        found = self._bucket.sizes(folder)
        if not _any(found, folder, "lease-"):
            for key in found:
                if not key.startswith(f"{folder}closing-"):
                    self._bucket.delete(key)
        self._bucket.delete(folder + self._closing)


def _any(keys: Mapping[str, int], folder: str, kind: str) -> bool:
    return any(key.startswith(folder + kind) for key in keys)
