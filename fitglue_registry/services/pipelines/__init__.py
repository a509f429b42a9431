"""Pipelines: what they are, taking activities through them, and what they have sent."""
