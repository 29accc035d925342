"""Triggers, which wait for jobs in the triggerer."""
