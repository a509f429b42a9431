"""Syncs one connection: lists its records, fetches their parts and derives source activities.

A sync that was stopped at any instruction is resumed by the next one.
"""
