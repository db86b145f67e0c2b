"""Crowds, rivals and processes that are killed."""

# A program of its own, which sets Django up where it is imported.
collect_ignore = ["crowd_process.py"]
