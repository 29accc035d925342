"""A local VIAPI: it speaks the real protocol, checks real signatures and makes real files.

``viapi-emulator`` starts it as a command, ``server.EmulatorServer`` in the process of a program, and the fixture
``viapi_emulator`` in a test. It needs the extra ``airflow-provider-viapi[emulator]``. What it makes are
approximations by classical algorithms, not what the service's models make.

It reads the service models in ``alibaba`` and ``huawei`` and nothing else of the provider.

* ``call``: a call as it arrives and as it is let through; ``api_error``: one that is answered with an error
* ``gateway``: which action is called, with what; ``authorization`` and ``access_keys``: who calls; ``quota``: how
  often
* ``faults`` with ``fault_description``: what is to go wrong
* ``job_queue`` with ``jobs``: jobs, their states, their work; ``job_actions``: what is told of them
* ``face_templates``: templates of faces, and work that the emulator does not pretend to do
* ``image_search`` with ``image_database``: the actions of image search, and what they keep
* ``storage``: a small object storage, for uploads and results
* ``worker_process``: a worker process; ``worker`` with ``download`` and ``media``: what happens in it
* ``answers``: results and errors as the service writes them
* ``engine``: all of that put together, without HTTP
* ``huawei``: the services of the other cloud, on the same engine
* ``app`` with ``control`` and ``page`` (``page_style``): what is answered over HTTP
* ``http_server`` with ``listener`` and ``certificate``: the server; ``server``, ``command``, ``pytest_plugin``: the
  ways to start it
* ``data_folder``, ``extra``: what an emulator needs of the machine
"""
