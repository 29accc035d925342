"""Which tasks hold a copy that several may use, so that the last one out removes it and none before.

Beside each copy lie empty objects: ``lease-<holder>`` of everyone who uses it, ``closing-<holder>`` of everyone who
is about to remove it. Who takes a copy writes a lease first and then looks for a closing; who removes it writes a
closing first and then looks for leases. Whatever the order, one of the two sees the other: object storage shows at
once what was written. A folder that somebody closes is not used any more; whoever comes then takes the next one
(``…-2``). A holder that ends without a word leaves its copy where it is, for the bucket's lifecycle rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Protocol


class Bucket(Protocol):
    """As much of a bucket as is needed here."""

    def put(self, key: str) -> None:
        """Store an empty object."""
        ...

    def delete(self, key: str) -> None:
        """Delete an object, if there is one."""
        ...

    def sizes(self, prefix: str) -> Mapping[str, int]:
        """The keys that begin like that, with the size of each object."""
        ...


class Leases:
    """The copies that one task uses.

    :param bucket: where they lie
    :param holder: which task, in letters and digits; no other has the same
    """

    def __init__(self, bucket: Bucket, holder: str) -> None:
        self._bucket = bucket
        self._lease, self._closing = f"lease-{holder}", f"closing-{holder}"

    def take(self, base: str, name: str, size: int) -> tuple[str, bool]:
        """Where a copy belongs, and whether a whole one is there; it stays until it is given back.

        :param base: beginning of the keys of this copy and of no other
        :param name: last part of the copy's key
        :param size: bytes of a whole one
        """
        for generation in count(1):
            folder = f"{base}-{generation}/"
            self._bucket.put(folder + self._lease)
            found = self._bucket.sizes(folder)
            if not _any(found, folder, "closing-"):
                return folder + name, found.get(folder + name) == size
            self._give_back(folder)
        raise AssertionError("unreachable")

    def give_back(self, base: str) -> None:
        """Stop using all copies whose keys begin like that, and remove those that nobody else uses."""
        for key in self._bucket.sizes(base):
            if key.endswith(f"/{self._lease}"):
                self._give_back(key.removesuffix(self._lease))

    def _give_back(self, folder: str) -> None:
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
