"""JSON Schemas (draft 2020-12): a fast validator decides, and a slow one explains.

Import from the modules: ``validator`` and ``explainer`` load a library each, the others none.
"""
