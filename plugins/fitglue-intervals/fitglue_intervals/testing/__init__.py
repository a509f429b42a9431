"""A stand-in for the Intervals.icu API on loopback: an account that can be edited, behind a server
that can misbehave.
"""

from fitglue_intervals.testing.account import Account
from fitglue_intervals.testing.faults import Fault
from fitglue_intervals.testing.server import Request, StandIn

__all__ = ["Account", "Fault", "Request", "StandIn"]
