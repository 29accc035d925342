"""Huawei Cloud's MetaStudio, VIAS and as much of IAM as they need, answered by the same emulator.

Paths, methods and parameters are those of the service model in ``huawei``; codes and words of errors are from its
documents. What is made are stand-ins: silence as long as the text would take, a still with the text as subtitles.

* ``rest``: a call as it arrives and as it is let through, and answers as the services write them
* ``refusals``: the errors, with the services' codes
* ``paths``: which action a method and a path call; ``identity``: who calls; ``gateway``: all that is checked
* ``media_jobs``: jobs that make files, in the emulator's queue; ``stand_ins`` with ``speech``, ``still``: the files
* ``flows``: jobs that only go from state to state, as data, and the clock that takes them there
* ``records``: what is kept and given back as it is: scripts, live rooms, products, video sources and their kin
* ``assets``, ``file_actions`` with ``files``: assets, and the upload of their files
* ``iam_actions``, ``video_actions``, ``speech_actions``, ``live_actions``, ``model_actions``, ``vias_actions``:
  what the actions do; ``pages``: what of a list is told
* ``cloud``: all of that put together, without HTTP; ``routes``: over HTTP
"""
