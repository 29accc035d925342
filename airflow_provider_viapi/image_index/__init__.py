"""Bulk indexing of an image database: many images, each added once, within the account's quota.

Separate from ``jobs``: ``AddImage`` responds at once and has no id that could be polled, so the database itself says
what was added. Knows nothing of Airflow.
"""
