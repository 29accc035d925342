"""A program that waits for the jobs named on its command line, as a triggerer does, and prints their states."""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import datetime, timedelta, timezone

from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.jobs.model import Job


async def main(job_ids: list[str]) -> None:
    hook, deadline = ViapiHook(), datetime.now(timezone.utc) + timedelta(minutes=5)
    log = logging.getLogger()
    waits = (
        hook.wait_for(Job(each, "videoenhan.EraseVideoSubtitles"), deadline=deadline, log=log)
        for each in job_ids
    )
    for report in await asyncio.gather(*waits):
        print(report.job_id, report.state)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
