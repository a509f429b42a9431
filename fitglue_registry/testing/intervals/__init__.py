"""A stand-in for the Intervals.icu API on loopback: an account that can be edited, behind a server
that can misbehave.
"""

from fitglue_registry.testing.intervals.account import Account
from fitglue_registry.testing.intervals.faults import Fault
from fitglue_registry.testing.intervals.server import Request, StandIn

__all__ = ["Account", "Fault", "Request", "StandIn"]
