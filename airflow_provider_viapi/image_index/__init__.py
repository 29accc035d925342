"""Filling an image database in bulk: many pictures, each added once, at the account's quota.

A room of its own beside ``jobs``: nothing here is a job. ``AddImage`` answers at once and has no id that could be
asked after, so what was done is read from the database itself. Knows nothing of Airflow.
"""
