"""Waiting for a job that somebody else submitted."""
