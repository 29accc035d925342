"""Usage of a job: length, size and class of its output, and what that costs at the prices that are configured.

Prices are the user's: the services publish few of them, and discounts differ by account.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_viapi.errors import ConfigurationError

STANDARD_CLASSES = (720, 1440, 2160)
"""Short sides of the resolution classes in Alibaba's billing example [help document 202489]."""

_CLASS = re.compile(r"[1-9][0-9]{1,4}p")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Clip:
    """Properties of a video or audio file from its header.

    :param seconds: length; 0 if it is not known, as of a file that was written while it was streamed
    :param width, height: size of the picture; 0 of a file without one
    :param frame_rate: frames per second; 0 if it is not known
    """

    seconds: float
    width: int = 0
    height: int = 0
    frame_rate: float = 0.0


@dataclass(frozen=True)
class Rate:
    """Price of one action.

    :param per_call: for each job
    :param per_minute: for each minute of the output, by the short side of the largest picture it applies to; the
        key ``None`` applies to all sizes
    :param frame_rate_factors: factor of ``per_minute`` by the highest frame rate it applies to
    """

    per_call: float = 0.0
    per_minute: Mapping[int | None, float] = field(default_factory=dict)
    frame_rate_factors: Mapping[float, float] = field(default_factory=dict)

    def cost(self, clip: Clip | None) -> float | None:
        """Return the price of a job; ``None`` if it depends on something that is not known."""
        if not self.per_minute:
            return self.per_call
        if clip is None or not clip.seconds:
            return None
        price = self.per_minute.get(None)
        if price is None:
            limit = _smallest_limit(min(clip.width, clip.height), [each for each in self.per_minute if each])
            price = None if limit is None else self.per_minute[limit]
        factor: float | None = 1.0
        if self.frame_rate_factors:
            # Frame rates such as 29.97 and 30.01 are meant as 30.
            limit_rate = _smallest_limit(clip.frame_rate - 0.5, self.frame_rate_factors)
            factor = None if limit_rate is None else self.frame_rate_factors[limit_rate]
        if price is None or factor is None:
            return None
        return self.per_call + price * factor * clip.seconds / 60


@dataclass(frozen=True)
class Prices:
    """Configured prices.

    :param currency: three letters, such as ``CNY``
    :param rates: by action, as ``service.Action``, or by service as ``service.*``
    """

    currency: str | None = None
    rates: Mapping[str, Rate] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Prices:
        """Read ``[viapi] prices``, a JSON text described in docs/ui.md; an empty text has no prices.

        :raises ConfigurationError: it is not such a JSON
        """
        if not text.strip():
            return cls()
        try:
            document = json.loads(text)
        except ValueError as error:
            raise _invalid(f"it is not JSON: {error}") from None
        if not isinstance(document, dict) or document.keys() - {"currency", "actions"}:
            raise _invalid("allowed: an object with the keys currency and actions")
        currency, actions = document.get("currency"), document.get("actions")
        if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
            raise _invalid(f"currency is {currency!r}; allowed: three capital letters, such as CNY")
        if not isinstance(actions, dict):
            raise _invalid("actions is missing; allowed: an object of prices by action")
        return cls(currency, {name: _parse_rate(name, rate) for name, rate in actions.items()})

    def rate(self, action: str) -> Rate | None:
        """Return the price of an action; ``None`` if none is configured."""
        return self.rates.get(action) or self.rates.get(f"{action.partition('.')[0]}.*")

    def classes(self, action: str) -> tuple[int, ...]:
        """Return the resolution classes that an action's price distinguishes, or the standard ones."""
        rate = self.rate(action)
        return tuple(sorted(each for each in (rate.per_minute if rate else ()) if each)) or STANDARD_CLASSES


@dataclass(frozen=True)
class Usage:
    """Usage of one or more jobs.

    :param jobs: number of jobs
    :param output_seconds: length of all outputs that could be measured
    :param measured: number of jobs whose output could be measured
    :param resolution_class: such as ``720p``; of several jobs, only if it is the same
    :param cost: at the configured prices; ``None`` if it is not known of every job
    :param currency: of the cost
    :param clip: of a single job
    """

    jobs: int = 0
    output_seconds: float = 0.0
    measured: int = 0
    resolution_class: str | None = None
    cost: float | None = None
    currency: str | None = None
    clip: Clip | None = None

    @classmethod
    def of_job(cls, action: str, clip: Clip | None, prices: Prices) -> Usage:
        """Return the usage of a job.

        :param action: as ``service.Action``
        :param clip: its output; ``None`` if it could not be measured
        """
        rate = prices.rate(action)
        cost = None if rate is None else rate.cost(clip)
        return cls(
            jobs=1,
            output_seconds=round(clip.seconds, 3) if clip else 0.0,
            measured=int(clip is not None and clip.seconds > 0),
            resolution_class=_class_of(clip, prices.classes(action)),
            cost=None if cost is None else round(cost, 6),
            currency=None if cost is None else prices.currency,
            clip=clip,
        )

    @classmethod
    def total(cls, usages: Iterable[Usage]) -> Usage:
        """Return the sum."""
        every = list(usages)
        known = bool(every) and all(each.cost is not None for each in every)
        same = {each.resolution_class for each in every}
        return cls(
            jobs=sum(each.jobs for each in every),
            output_seconds=round(sum(each.output_seconds for each in every), 3),
            measured=sum(each.measured for each in every),
            resolution_class=same.pop() if len(same) == 1 else None,
            cost=round(sum(each.cost or 0.0 for each in every), 6) if known else None,
            currency=every[0].currency if known else None,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values, as the XCom ``usage`` has them."""
        clip = self.clip
        return {
            "jobs": self.jobs,
            "output_seconds": self.output_seconds if self.measured else None,
            "measured": self.measured,
            "resolution_class": self.resolution_class,
            "resolution": f"{clip.width}x{clip.height}" if clip and clip.width else None,
            "frame_rate": round(clip.frame_rate, 2) if clip and clip.frame_rate else None,
            "cost": self.cost,
            "currency": self.currency,
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Usage:
        """Build a usage from the output of :meth:`as_dict`; the clip is not restored."""
        return cls(
            jobs=fields["jobs"],
            output_seconds=fields["output_seconds"] or 0.0,
            measured=fields["measured"],
            resolution_class=fields["resolution_class"],
            cost=fields["cost"],
            currency=fields["currency"],
        )


def _class_of(clip: Clip | None, limits: Iterable[int]) -> str | None:
    if clip is None or not clip.width:
        return None
    limit = _smallest_limit(min(clip.width, clip.height), limits)
    return f"over {max(limits)}p" if limit is None else f"{limit}p"


def _smallest_limit(value: float, limits: Iterable[Any]) -> Any:
    """Return the smallest limit that a value does not exceed; ``None`` if it exceeds all."""
    return min((each for each in limits if value <= each), default=None)


def _parse_rate(name: str, rate: Any) -> Rate:
    if not isinstance(rate, dict) or not rate.keys() & {"per_call", "per_minute"}:
        raise _invalid(f"{name} is {rate!r}; allowed: an object with per_call or per_minute")
    if unknown := rate.keys() - {"per_call", "per_minute", "frame_rate_factors"}:
        raise _invalid(f"{name} has {', '.join(sorted(unknown))}, which is unknown")
    per_minute = rate.get("per_minute", {})
    by_class: dict[int | None, float]
    if isinstance(per_minute, dict):
        wrong = [each for each in per_minute if not _CLASS.fullmatch(each)]
        if wrong or ("per_minute" in rate and not per_minute):
            raise _invalid(f"per_minute of {name} has {wrong or 'no class'}; allowed: classes such as 720p")
        by_class = {int(each[:-1]): _price(f"{name} {each}", value) for each, value in per_minute.items()}
    else:
        by_class = {None: _price(f"per_minute of {name}", per_minute)}
    factors = rate.get("frame_rate_factors", {})
    if not isinstance(factors, dict) or not all(re.fullmatch("[1-9][0-9]{0,2}", each) for each in factors):
        raise _invalid(f"frame_rate_factors of {name} is {factors!r}; allowed: factors by frames per second")
    return Rate(
        _price(f"per_call of {name}", rate.get("per_call", 0)),
        by_class,
        {float(each): _price(f"{name} at {each} fps", value) for each, value in factors.items()},
    )


def _price(what: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise _invalid(f"{what} is {value!r}; allowed: a number from 0")
    return float(value)


def _invalid(message: str) -> ConfigurationError:
    return ConfigurationError(
        f"[viapi] prices: {message}. Correct it, or remove the setting; docs/ui.md describes it",
    )
