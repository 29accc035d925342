"""Durable state: Airflow's task state store, object storage, memory; and results that may be reused."""
