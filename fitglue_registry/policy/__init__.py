"""What the athletes of a host may do, and what the host does for them: one frozen value."""

from fitglue_registry.policy.policy import Policy
from fitglue_registry.policy.quotas import Quotas

__all__ = ["Policy", "Quotas"]
