"""Pipelines: which workouts are sent where, what is computed about them, and what stays private.

This room knows no service and no interface, and no module of it imports a plugin.
"""
