"""Reads the files of a connection in worker processes: lists places, reads each, stores batches."""
