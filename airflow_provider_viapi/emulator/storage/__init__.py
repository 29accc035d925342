"""A small object storage, as OSS is: what jobs made, what was uploaded for them, and buckets of the user's.

* ``storage``: what there is, and who may do what with it
* ``objects``: the objects, without HTTP; ``multipart``: objects that come in parts
* ``signatures`` with ``signature_v1``, ``signature_v4`` and ``signed_request``: who sent a request
* ``post_policy``: what may be uploaded by form
* ``uploads``: AuthorizeFileUpload, which lets anybody with a key upload a file for a job
* ``routes`` with ``receiving`` and ``documents``: HTTP

Addresses are path-style (``/bucket/key``). A bucket is there as soon as it is named.
"""
