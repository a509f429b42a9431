"""The questions of ``fitglue pipeline new``, one for each step of a pipeline."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fitglue_registry.cli.asking import ask_until_right
from fitglue_registry.cli.layout import DETAIL, GOOD, Hanging
from fitglue_registry.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from fitglue_registry.cli.context import CliContext
    from fitglue_registry.services.entries import Entry

#: A destination that needs nothing, so that a part of a pipeline can be checked alone.
_PART = {"schema": 1, "name": "part", "destinations": [{"to": "part"}]}


class Questions:
    """Asks a person at a terminal for the steps of a pipeline.

    Args:
        cli: The context of the command.
    """

    def __init__(self, cli: CliContext) -> None:
        self._cli = cli

    def destinations(self, entries: Iterable[Entry]) -> list[str]:
        """Ask where workouts are sent; those that can be reached come first."""
        connected = {row.integration for row in self._cli.host.connections.list()}
        reachable, others = [], []
        for entry in entries:
            if entry.integration is None or entry.integration in connected:
                reachable.append(entry)
            else:
                others.append(entry)
        self._cli.err.show([Hanging(GOOD, f"{entry.id}: {entry.name}") for entry in reachable])
        for entry in others:
            connect = f"fitglue connect {entry.integration}"
            text = f"{entry.id}: {entry.name}; not connected yet: {connect}"
            self._cli.err.show([Hanging(DETAIL, text)])
        names = [entry.id for entry in reachable]
        return self._several("Where to (several with commas)", names, needed=True)

    def account(self, entry: Entry, names: Sequence[str]) -> str:
        """Ask which of several accounts a destination sends to."""
        label = f"Which account at {entry.name} ({', '.join(names)})"
        return ask_until_right(self._cli, label, lambda answer: _one_of(answer, names))

    def settings(self, entry: Entry, typed: Mapping[str, str]) -> dict[str, str]:
        """Ask for the settings of a destination; without an answer, one has its default."""
        answers = {}
        for field in entry.settings:
            if field.name in typed:
                continue
            if field.help:
                self._cli.note(field.help)
            default = f" [{field.default}]" if field.default else ""
            answer = ask_until_right(
                self._cli,
                f"{field.label or field.name}{default}",
                partial(self._cli.host.connections.check_value, field),
                help_shown=field.help,
            )
            if answer.strip():
                answers[field.name] = answer.strip()
        return answers

    def sources(self) -> list[str]:
        """Ask which connections the workouts come from."""
        rows = self._cli.host.connections.list()
        names = [row.name for row in rows if row.source]
        if len(names) < 2:
            return []
        return self._several(f"From which connections ({', '.join(names)}) [all]", names)

    def sports(self) -> list[str]:
        """Ask which sports are sent."""

        def check(answer: str) -> None:
            sports = _split(answer)
            if sports:
                self._check({"filter": {"sport": sports}}, "filter")

        label = "Which sports, such as running or Ride [all]"
        return _split(ask_until_right(self._cli, label, check))

    def boosters(self) -> list[str]:
        """Ask which boosters are used."""
        entries = self._cli.host.entries.list("enricher")
        if not entries:
            return []
        names = [entry.id for entry in entries]
        return self._several(f"Which boosters ({', '.join(names)}) [none]", names)

    def name(self, default: str) -> str:
        """Ask for the name of the pipeline."""

        def check(answer: str) -> None:
            self._check({"name": answer.strip() or default}, "name")

        answer = ask_until_right(self._cli, f"Name of the pipeline [{default}]", check)
        return answer.strip() or default

    def _several(
        self,
        label: str,
        names: Collection[str],
        *,
        needed: bool = False,
    ) -> list[str]:
        """Ask for some of several names, separated by commas."""

        def check(answer: str) -> None:
            chosen = _split(answer)
            for name in chosen:
                _one_of(name, names)
            if needed and not chosen:
                _one_of("", names)

        return _split(ask_until_right(self._cli, label, check))

    def _check(self, part: Mapping[str, object], key: str) -> None:
        """Check one key of a pipeline by itself."""
        _, errors = self._cli.host.pipelines.check({**_PART, **part})
        for error in errors:
            field = error.at.field if error.at else None
            if field and field.startswith(key):
                raise error


def _split(answer: str) -> list[str]:
    return [name.strip() for name in answer.split(",") if name.strip()]


def _one_of(answer: str, names: Collection[str]) -> None:
    if answer.strip() not in names:
        what = f"{answer.strip()!r} is not one of them" if answer.strip() else "nothing was named"
        raise UserMistake("FG-usage", what, fix=f"type one of: {', '.join(names) or 'none'}")
