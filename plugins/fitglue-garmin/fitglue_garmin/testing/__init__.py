"""A stand-in for Garmin's Personal API: an account that a test can edit, served on loopback by a
server that can fail on command.
"""

from fitglue_garmin.testing.account import Account
from fitglue_garmin.testing.server import StandIn
from fitglue_garmin.testing.workout import Leg, Squats, Workout

__all__ = ["Account", "Leg", "Squats", "StandIn", "Workout"]
