"""Huawei Cloud's MetaStudio, VIAS and the part of IAM that they need, served by the same emulator.

Paths, methods and parameters are those of the service models in ``huawei``; error codes and messages are from the
documents. Results are placeholders: silence as long as the text would take to speak, a still image with subtitles.

* ``rest``: requests, calls and responses; ``errors``: errors with the services' codes
* ``gateway``: routing and all checks; ``identity``: authentication, tokens and projects
* ``media_jobs``: jobs that produce files
* ``placeholders``, ``placeholder_speech``, ``placeholder_video``: those files
* ``state_machines``: jobs that only change their state
* ``crud``: stored records, such as scripts, live rooms, products and video sources; ``pagination``: pages of lists
* ``assets``, ``files``: assets, and the upload of their files
* ``training_actions``: avatars and voices that are trained; ``vias_…``: VIAS; other ``…_actions``: the other actions
* ``cloud``: all of that together, without HTTP; ``routes``: the HTTP interface
"""
