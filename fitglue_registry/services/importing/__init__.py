"""Imports files: recognizes paths, connects the sources that read them, and watches folders."""
