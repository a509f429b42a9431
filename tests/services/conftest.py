"""The host, the account and the clock of the sync's tests, for the services."""

from tests.sync.conftest import account, clock, connected, host, server

__all__ = ["account", "clock", "connected", "host", "server"]
