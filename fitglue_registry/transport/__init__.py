"""An authenticated HTTP session made from an entry's ``http`` block; it knows nothing of any one
service.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fitglue_registry.transport.answer import HttpAnswer as HttpAnswer
    from fitglue_registry.transport.budget import Budget as Budget
    from fitglue_registry.transport.budget import FileBudget as FileBudget
    from fitglue_registry.transport.budget import NoBudget as NoBudget
    from fitglue_registry.transport.budget import budget_of as budget_of
    from fitglue_registry.transport.clock import SystemClock as SystemClock
    from fitglue_registry.transport.clock import WaitingClock as WaitingClock
    from fitglue_registry.transport.policy import HttpPolicy as HttpPolicy
    from fitglue_registry.transport.policy import policy_from_entry as policy_from_entry
    from fitglue_registry.transport.redact import RedactingFilter as RedactingFilter
    from fitglue_registry.transport.redact import Redactor as Redactor
    from fitglue_registry.transport.redact import secrets_of_environment as secrets_of_environment
    from fitglue_registry.transport.session import HttpSession as HttpSession

# Imported when first used: a command that redacts its log must not pay for requests.
_HOMES = {
    "Budget": "budget",
    "FileBudget": "budget",
    "HttpAnswer": "answer",
    "HttpPolicy": "policy",
    "HttpSession": "session",
    "NoBudget": "budget",
    "RedactingFilter": "redact",
    "Redactor": "redact",
    "SystemClock": "clock",
    "WaitingClock": "clock",
    "budget_of": "budget",
    "policy_from_entry": "policy",
    "secrets_of_environment": "redact",
}

__all__ = [
    "Budget",
    "FileBudget",
    "HttpAnswer",
    "HttpPolicy",
    "HttpSession",
    "NoBudget",
    "RedactingFilter",
    "Redactor",
    "SystemClock",
    "WaitingClock",
    "budget_of",
    "policy_from_entry",
    "secrets_of_environment",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
