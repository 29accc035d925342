"""Airflow provider for Alibaba Cloud's visual intelligence API (VIAPI)."""

__version__ = "0.1.0"
