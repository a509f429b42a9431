"""A stand-in for the Intervals.icu API: an account that a test can edit, served on loopback by a
server that can fail on command.
"""

from fitglue_intervals.testing.account import Account
from fitglue_intervals.testing.history import History
from fitglue_intervals.testing.server import StandIn

__all__ = ["Account", "History", "StandIn"]
