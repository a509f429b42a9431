"""The rules that decide which requests meet a fault, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re

    from fitglue_registry.testing.faults import Fault
    from fitglue_registry.testing.messages import Request


@dataclass(slots=True)
class Rule:
    """A fault, the requests that meet it, and how often that happened."""

    # A glob (``*/activities``) for the complete path, or a pattern to find in path and query.
    path: str | re.Pattern[str]
    fault: Fault
    times: int | None = 1  # how many requests meet the fault; None: all
    after: int = 0  # how many matching requests are still answered correctly before
    fired: int = 0  # how many requests have met the fault
    method: str | None = None  # the method of the requests that meet the fault; None: any

    def matches(self, request: Request) -> bool:
        """Return whether the method and the path of a request match this rule."""
        if self.method not in (None, request.method):
            return False
        if isinstance(self.path, str):
            return fnmatchcase(request.path, self.path)
        return bool(self.path.search(request.target))

    @property
    def spent(self) -> bool:
        """Whether as many requests as allowed have met the fault."""
        return self.times is not None and self.fired >= self.times


class Rules:
    """The rules of a service. The first rule that matches a request and is not spent applies."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = Lock()  # requests arrive on several threads

    def add(self, rule: Rule) -> None:
        """Append a rule."""
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._rules.clear()

    def take(self, request: Request) -> Fault | None:
        """Return the fault that this request meets, if any, and count it."""
        with self._lock:
            for rule in self._rules:
                if rule.spent or not rule.matches(request):
                    continue
                if rule.after > 0:
                    rule.after -= 1
                    continue
                rule.fired += 1
                return rule.fault
        return None
