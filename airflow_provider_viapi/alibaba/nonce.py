"""Nonce of a signed request; defined with the jobs that record it."""

from __future__ import annotations

from airflow_provider_viapi.jobs.backend import RequestNonce

__all__ = ["RequestNonce"]
