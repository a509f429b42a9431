"""Functions that remove secrets from everything that is shown, logged or stored."""
