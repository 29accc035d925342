"""Hooks: an Airflow connection becomes a client of a cloud."""
