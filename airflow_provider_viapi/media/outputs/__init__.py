"""Outputs of a job: its result files, stored where the team keeps them before their links expire.

* ``landing``: store the files of one result; ``manifest``: what was stored
* ``http_download``, ``resumable_download``: one request; a file over several requests and renewed links
* ``output_paths``, ``atomic_file``: where a file is stored; complete or not at all
* ``lineage``: report what was stored to Airflow and OpenLineage
"""
