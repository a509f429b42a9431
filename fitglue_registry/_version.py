"""The version of the host; read without importing anything else."""

__version__ = "0.1.0"
