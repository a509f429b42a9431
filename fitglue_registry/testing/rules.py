"""Which requests a fault is for, and how often it happens."""

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
    """A fault for the requests that match: the first ``after`` are spared, then ``times`` are hit.

    A glob (``*/activities``) is compared with the path; a pattern is searched in path and query.
    ``times`` None is always. ``fired`` counts the hits.
    """

    path: str | re.Pattern[str]
    fault: Fault
    times: int | None = 1
    after: int = 0
    fired: int = 0

    def matches(self, request: Request) -> bool:
        """Whether the rule is for this request."""
        if isinstance(self.path, str):
            return fnmatchcase(request.path, self.path)
        return bool(self.path.search(request.target))

    @property
    def spent(self) -> bool:
        """Whether the fault has happened as often as it may."""
        return self.times is not None and self.fired >= self.times


class Rules:
    """The faults that are set; a request meets the first one that matches and is not spent."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = Lock()

    def add(self, rule: Rule) -> None:
        """Set one more fault."""
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._rules.clear()

    def take(self, request: Request) -> Fault | None:
        """The fault that this request meets, which is counted."""
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
