"""A small object storage like OSS: results of jobs, files that were uploaded for jobs, and buckets of the user.

* ``storage``: the content, authentication and access rights
* ``objects``: the objects, without HTTP; ``multipart``: multipart uploads
* ``signature_v1``, ``signature_v4``, ``auth``: signatures of requests
* ``post_policy``: policies of uploads by form
* ``uploads``: AuthorizeFileUpload, which authorizes the upload of a file for a job
* ``routes``, ``request_body``, ``xml``: the HTTP interface

Addresses are path-style (``/bucket/key``). A bucket exists as soon as it is used.
"""
