"""Check of the number of jobs that were paid for; a test that finds too many is not run again by the Makefile."""

from __future__ import annotations

PAID_TWICE = 10
"""Exit code of pytest if a test found more jobs than it allows."""


class PaidTwice(AssertionError):
    """More jobs were accepted than a test allows."""


def check_paid(accepted: int, at_most: int) -> None:
    """Fail, without a retry, if more jobs were accepted than were needed.

    :raises PaidTwice: they were
    """
    if accepted > at_most:
        raise PaidTwice(f"{accepted} jobs were accepted instead of {at_most}")
