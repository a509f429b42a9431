"""YAML text → nodes that know where they are in the file, composed by PyYAML (in C where it can).

PyYAML reads YAML 1.1 and would construct values at once. Here it only composes nodes;
``parsing`` makes the values.
"""

from __future__ import annotations

from typing import Any, cast

import yaml
from yaml.resolver import BaseResolver

MAX_DEPTH = 20


class TooDeep(Exception):
    """The text is nested deeper than any entry; ``mark`` says where."""

    def __init__(self, mark: yaml.Mark) -> None:
        super().__init__(mark)
        self.mark = mark


class _Resolver(BaseResolver):
    """Tags nodes by their form: plain scalars, quoted scalars, lists and mappings, so that any
    other tag is one that somebody wrote. It also counts the depth.
    """

    depth = 0

    # The names of the arguments are PyYAML's.

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
        # Libyaml recurses in C: a hundred thousand dashes would end the process.
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

        # The composer has methods of the same names, which do less.
        resolve = _Resolver.resolve
        descend_resolver = _Resolver.descend_resolver
        ascend_resolver = _Resolver.ascend_resolver


def compose(text: str) -> yaml.Node | None:
    """The node of the one document in a text, ``None`` where there is nothing in it.

    Raises ``TooDeep``, and ``yaml.YAMLError`` for text that is not YAML.
    """
    node: yaml.Node | None = _Loader(text).get_single_node()
    return node


def anchors(text: str) -> list[tuple[yaml.Mark, str]]:
    """Where a text has anchors and aliases, and how each is written; raises ``yaml.YAMLError``."""
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
