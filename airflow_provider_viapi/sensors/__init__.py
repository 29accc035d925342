"""Sensors: wait for jobs that another task, or another system, has submitted."""
