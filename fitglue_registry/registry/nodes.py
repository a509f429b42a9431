"""The composition of YAML text into nodes that know their line and column, by PyYAML.

PyYAML would construct values by the rules of YAML 1.1. Here it only composes nodes, in C if
possible; ``parsing`` makes the values by the rules of YAML 1.2.
"""

from __future__ import annotations

from typing import Any, cast

import yaml
from yaml.resolver import BaseResolver

MAX_DEPTH = 20
"""Number of levels that a document may have; an entry has at most six."""


class TooDeep(Exception):
    """Raised for text that is nested deeper than any entry; ``mark`` is the place."""

    def __init__(self, mark: yaml.Mark) -> None:
        super().__init__(mark)
        self.mark = mark


class _Resolver(BaseResolver):
    """A resolver that tags nodes by their form, and counts the depth.

    The tags are ``plain``, ``quoted``, ``list`` and ``mapping``. A node with any other tag has one
    that the author wrote explicitly.
    """

    depth = 0

    # PyYAML passes these arguments by name, so they keep its names although some are unused.

    def resolve(
        self,
        kind: type[yaml.Node],
        value: Any,  # noqa: ARG002
        implicit: Any,
    ) -> str:
        if kind is yaml.ScalarNode:
            return "plain" if implicit[0] else "quoted"
        return "list" if kind is yaml.SequenceNode else "mapping"

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:  # noqa: ARG002
        self.depth += 1
        # Libyaml recurses in C, so a file of a hundred thousand dashes would crash the process.
        if self.depth > MAX_DEPTH:
            raise TooDeep(current_node.start_mark)

    def ascend_resolver(self) -> None:
        self.depth -= 1


if yaml.__with_libyaml__:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]

    class _Loader(CParser, _Resolver):
        def __init__(self, stream: str) -> None:
            CParser.__init__(self, stream)
            _Resolver.__init__(self)
else:  # pragma: no cover - PyYAML without its C part
    from yaml.composer import Composer
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _Loader(Reader, Scanner, Parser, Composer, _Resolver):  # type: ignore[no-redef]
        def __init__(self, stream: str) -> None:
            Reader.__init__(self, stream)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)
            _Resolver.__init__(self)


def compose(text: str) -> yaml.Node | None:
    """Return the root node of the only document in a text, or ``None`` if the text is empty.

    Raises:
        TooDeep: If the text has more than ``MAX_DEPTH`` levels.
        yaml.YAMLError: If the text is not YAML, or has several documents.
    """
    node: yaml.Node | None = _Loader(text).get_single_node()
    return node


def anchors(text: str) -> list[tuple[yaml.Mark, str]]:
    """Return the place and the text of each anchor and alias.

    Raises:
        yaml.YAMLError: If the text is not YAML.
    """
    # Parsing the text a second time is slow, and hardly any entry has these characters.
    if "&" not in text and "*" not in text:
        return []
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    written: list[tuple[yaml.Mark, str]] = []
    for event in yaml.parse(text, Loader=loader):
        name = getattr(event, "anchor", None)
        if name is None:
            continue
        sign = f"anchor &{name}"
        if isinstance(event, yaml.AliasEvent):
            sign = f"alias *{name}"
        written.append((cast("yaml.Mark", event.start_mark), sign))
    return written
