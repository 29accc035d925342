"""Inputs of a job: from the values of a request to addresses that the service can read.

* ``request_media``, ``source``: the media of a request; one of them, before it is staged
* ``source_validation``, ``source_versions``: is it within the action's limits; is it still the same file
* ``still_images``, ``resize``: make an image acceptable
* ``staging``: put a source where the service reads it, in ``temporary_upload``, ``staging_bucket`` or
  ``huawei_asset_upload``
"""
