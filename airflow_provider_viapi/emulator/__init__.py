"""A local VIAPI: it speaks the real protocol, checks real signatures and produces real files.

Start it with the command ``viapi-emulator``, in a program with ``server.EmulatorServer``, or in a test with the
fixture ``viapi_emulator``. It needs the extra ``airflow-provider-viapi[emulator]``. Its media work is done by
classical algorithms, which approximate the models of the service.

It reads the service models in ``alibaba`` and ``huawei`` and nothing else of the provider.

* ``request``: requests and calls; ``response_format``, ``errors``: JSON and XML; error codes
* ``gateway``: action and parameters; ``authorization``, ``access_keys``: authentication; ``quota``: call limits
* ``faults``, ``fault_schema``: faults on demand
* ``jobs``, ``job_queue``: jobs and their states; ``job_actions``: the actions that submit, query and cancel jobs
* ``face_templates``: face templates, and the jobs that the emulator refuses to do
* ``imgsearch_actions``, ``imgsearch_storage``: image databases of the service imgsearch
* ``imagesearch_actions``, ``imagesearch_tasks``, ``imagesearch_storage``: instances of ImageSearch, its successor
* ``storage``: a small object storage for uploads and results
* ``worker_process``: a worker process; ``worker``, ``download``, ``media_checks``, ``media``: what runs in it
* ``engine``: all of that together, without HTTP; ``huawei``: Huawei Cloud's services on the same engine
* ``app``, ``http_guard``, ``admin_api``, ``dashboard``: the HTTP interface
* ``http_server``, ``tls_mux``, ``certificate``: the server; ``server``, ``cli``, ``pytest_plugin``: ways to start it
* ``data_folder``: the folder that holds the emulator's files
"""

from __future__ import annotations

from importlib.util import find_spec

_PACKAGES = ("av", "cryptography", "numpy", "PIL", "python_multipart", "starlette", "uvicorn")


def missing_packages() -> str | None:
    """Return a message that names the missing packages and how to install them, or ``None`` if none is missing."""
    missing = [package for package in _PACKAGES if find_spec(package) is None]
    if not missing:
        return None
    return (
        f"the emulator needs {', '.join(missing)}, which is not installed: "
        "pip install 'airflow-provider-viapi[emulator]'"
    )
