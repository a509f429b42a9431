"""Validation by JSON Schema (draft 2020-12): a fast validator decides, and a slow one explains.

Import from the modules of this package, because ``validator`` and ``explainer`` each load a library
and the other modules load none.
"""
