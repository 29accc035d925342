"""Facts about actions that Alibaba's SDKs do not have: summaries, descriptions, limits of Alibaba's help pages.

The SDKs' names of most actions and parameters speak for themselves; described is what has a typed operator.
"""

from __future__ import annotations

from service_facts import faces, images, recognition, segmentation, videos
from service_facts.fact import Fact

FACTS: dict[str, Fact] = {
    **videos.FACTS,
    **images.FACTS,
    **segmentation.FACTS,
    **recognition.FACTS,
    **faces.FACTS,
}
"""Facts by the full name of the action."""

JOB_RESULT = Fact(
    "Return the state of a job and, once it has succeeded, its result.",
    parameters={
        "JobId": {"required": True, "doc": "RequestId of the response to the job's submission."},
    },
    result={
        "Status": {"doc": "State of the job."},
        "Result": {"doc": "Result of the job, a JSON document in a string."},
    },
)
"""Facts about GetAsyncJobResult of any service."""

OWN_MODELS = frozenset({"imagesearch", "imgsearch", "openplatform", "viapi", "videoenhan"})
"""Services whose models are written by hand: Alibaba's metadata and documents have ranges and limits of them."""

__all__ = ["FACTS", "JOB_RESULT", "OWN_MODELS", "Fact"]
