"""Tools for tests: a receiver of webhooks on loopback."""

from fitglue_destinations.testing.receiver import Received, Receiver

__all__ = ["Received", "Receiver"]
