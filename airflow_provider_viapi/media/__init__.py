"""Media in and out: ``inputs/`` stages sources where a service reads them, ``outputs/`` stores results.

* ``addresses``: what an address names; ``storages``: what is known of each storage; ``open_storage``: open it
* ``media_headers``, ``probe``: read the headers of a video or an image; ``video_quality``: measure a video
* ``ssrf_guard``: refuse addresses of internal networks; ``asset_uris``: addresses as Airflow's assets name them
"""
