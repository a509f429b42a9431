"""What an entry says, as typed, frozen values: one class for each mapping of
``registry/schemas/entry.json``, with all defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from fitglue_registry.model.stored import PartName
from fitglue_registry.registry.http import Http
from fitglue_registry.registry.kinds import Kind

SCHEMA = 1
"""The entry format that this host reads."""


class Plugin(Struct, frozen=True, forbid_unknown_fields=True):
    """The distribution that does the work, and the range of its versions that this entry fits (PEP
    440; empty: any).
    """

    name: str
    version: str = ""


class Link(Struct, frozen=True, forbid_unknown_fields=True):
    """A page: an https address, a local path, or another entry as ``kind/id``."""

    url: str
    title: str = ""


class Clean(Struct, frozen=True, forbid_unknown_fields=True):
    """One step from what was pasted to the value: ``strip`` the edges, or ``extract`` the one group
    of a pattern that is found.
    """

    strip: bool = False
    extract: str | None = None


class Field(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to ask the athlete for: a credential, or a setting that is no secret."""

    name: str
    label: str = ""
    help: str = ""
    secret: bool = False
    path: bool = False
    required: bool = True
    default: str | None = None
    pattern: str | None = None
    example: str | None = None
    clean: tuple[Clean, ...] = (Clean(strip=True),)

    def env(self, integration: str) -> str:
        """The environment variable that answers instead of a prompt:
        ``FITGLUE_INTERVALS_API_KEY``.
        """
        return f"FITGLUE_{integration}_{self.name}".upper().replace("-", "_")


class EntryPart(Struct, frozen=True, forbid_unknown_fields=True, rename={"comes_from": "from"}):
    """One piece of a record: comes with the ``list`` or by ``fetch`` (``bulk`` ids a call), wanted
    by default or with an option.

    ``confirms``: asking for it by id proves whether the record still exists. ``identity``: the
    record's external id is computed from it. ``heavy``: deriving from it takes long, so that many
    are derived in processes of their own.
    """

    name: PartName
    comes_from: Literal["list", "fetch"] = "fetch"
    bulk: int = 1
    default: bool = True
    option: str | None = None
    confirms: bool = False
    identity: bool = False
    heavy: bool = False


class Delay(Struct, frozen=True, forbid_unknown_fields=True):
    """How long a workout usually takes to get here, and the stations on its way."""

    expected_min: int | None = None
    hops: tuple[str, ...] = ()


class Sync(Struct, frozen=True, forbid_unknown_fields=True):
    """How records arrive; ``touches`` maps a part to globs of the summary keys whose change
    re-opens it.

    A part that is not named in ``touches`` is re-opened by every change.
    """

    mode: Literal["poll", "push", "manual", "file"] = "poll"
    overlap_days: int = 30
    full_walk_days: int | None = 7
    deletions: bool = False
    touches: Mapping[str, tuple[str, ...]] = {}
    delay: Delay = Delay()
    note: str = ""


class Capabilities(Struct, frozen=True, forbid_unknown_fields=True):
    """What can be seen of the source at all; ``history`` says in words how far back it goes."""

    edits: bool = False
    deletions: bool = False
    streams: bool = False
    original_file: bool = False
    webhooks: bool = False
    history: str = ""


class Datum(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that arrives, or does not: its name for people, its ``path`` in the source
    activity, and its field ``upstream``.
    """

    field: str
    availability: Literal["always", "when_recorded", "never"]
    path: str = ""
    upstream: str = ""
    kind: Literal["reported", "estimated", "computed"] = "reported"
    note: str = ""


class Terms(Struct, frozen=True, forbid_unknown_fields=True):
    """What the source's terms ask: days after which its data must go (none: keep), and whether it
    may leave this machine.
    """

    retention_days: int | None = None
    leaves_machine: bool = True
    note: str = ""


class Issue(Struct, frozen=True, forbid_unknown_fields=True):
    """A common problem as an athlete sees it, with the codes of the errors that belong to it."""

    symptom: str
    cause: str = ""
    fix: str = ""
    codes: tuple[str, ...] = ()


class Correction(Struct, frozen=True, forbid_unknown_fields=True):
    """What another page says about the source, what is so, and how we know."""

    claim: str
    truth: str
    reference: str = ""


class Alternative(Struct, frozen=True, forbid_unknown_fields=True):
    """One other way to get the workouts of a closed service: what it brings, the steps before the
    command, and the command.
    """

    name: str
    brings: str
    how: str
    command: str


class Closed(Struct, frozen=True, forbid_unknown_fields=True):
    """The reason why accounts of a service cannot be connected, and the alternatives for getting
    its workouts.
    """

    why: str
    alternatives: tuple[Alternative, ...]


class Tier(Struct, frozen=True, forbid_unknown_fields=True):
    """A step of what an athlete may use; tiers stand in order, each includes those before it."""

    id: str
    name: str
    summary: str = ""


class Entry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One document of the registry.

    The reader fills in ``file`` and ``origin``: where it lies, and the distribution it came with.
    """

    schema: int
    kind: Kind
    id: str
    name: str
    summary: str
    plugin: Plugin
    tier: str
    dependencies: tuple[str, ...] = ()
    docs: tuple[Link, ...] = ()
    maintainers: tuple[str, ...] = ()
    related: tuple[Link, ...] = ()
    credentials: tuple[Field, ...] = ()
    settings: tuple[Field, ...] = ()
    closed: Closed | None = None
    http: Http | None = None
    hooks: tuple[str, ...] = ()
    parts: tuple[EntryPart, ...] = (EntryPart(name=PartName.SUMMARY, comes_from="list"),)
    sync: Sync = Sync()
    volatile: tuple[str, ...] = ()
    capabilities: Capabilities = Capabilities()
    data: tuple[Datum, ...] = ()
    terms: Terms = Terms()
    issues: tuple[Issue, ...] = ()
    claims_corrected: tuple[Correction, ...] = ()
    file: str = ""
    origin: str = ""

    @property
    def key(self) -> str:
        """``kind/id``, as ``dependencies`` of other entries name it."""
        return f"{self.kind}/{self.id}"

    @property
    def integration(self) -> str | None:
        """The id of the integration that holds the account: its own, or the first that it depends
        on.
        """
        if self.kind == "integration":
            return self.id
        for name in self.dependencies:
            kind, _, entry_id = name.partition("/")
            if kind == "integration":
                return entry_id
        return None

    def part(self, name: str) -> EntryPart | None:
        """The part of that name, if the source has one."""
        return next((part for part in self.parts if part.name == name), None)
