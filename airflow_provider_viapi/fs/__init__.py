"""Object storage file systems for fsspec: ``oss://``."""
