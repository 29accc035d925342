"""What the services say of the files that they read: types, sizes, sides of pictures.

The numbers are from Alibaba's API metadata of late 2025 and the VIAPI documents of 2020 and 2021; which action has
them stands at its parameters. A megabyte is counted as 2²⁰ bytes, since no document says which is meant: what is
refused here is too large by either count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MB, GB = 1 << 20, 1 << 30


@dataclass(frozen=True, kw_only=True)
class MediaLimits:
    """What a file that an action reads may be; what is not given is not known, or not limited.

    :param formats: types by their usual ending, in small letters: ``mp4``, ``jpeg``
    :param most_bytes: the largest file
    :param least_bytes: the smallest file
    :param shortest_side: fewest pixels of each side of a picture
    :param longest_side: most pixels of each side of a picture
    :param when: holds only where this field of the same structure has this value
    """

    formats: tuple[str, ...] = ()
    most_bytes: int | None = None
    least_bytes: int | None = None
    shortest_side: int | None = None
    longest_side: int | None = None
    when: tuple[str, str] | None = None

    def hold_for(self, structure: Mapping[str, Any]) -> bool:
        """Whether they are about the file that this structure names.

        :param structure: the request, or the item of a list that has the address
        """
        return self.when is None or structure.get(self.when[0]) == self.when[1]
