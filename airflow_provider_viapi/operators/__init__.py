"""Actions as tasks: the life of a job in ``base``, and one module per service."""
