"""A stand-in for the Intervals.icu API on loopback: an account that can be edited, behind a service
that can misbehave.
"""

from fitglue_intervals.testing.account import Account
from fitglue_intervals.testing.history import History
from fitglue_intervals.testing.server import StandIn

__all__ = ["Account", "History", "StandIn"]
