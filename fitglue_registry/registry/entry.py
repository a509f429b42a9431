"""What an entry says, as typed, frozen values: one class for each mapping of
``registry/schemas/entry.json``, with all defaults.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from typing import Any, Literal

import msgspec
from msgspec import Struct

from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.registry.pattern import matches, search

Kind = Literal["integration", "source", "enricher", "destination"]
PartName = Literal["summary", "detail", "streams", "file"]

SCHEMA = 1
"""The entry format that this host reads."""

# What comes along when a key is copied from a web page or a mail: white space, invisible
# characters, quotes.
_LONGEST_PASTED = 4_000
_LONGEST_PATHS = 1_000_000  # of all the files that a shell made out of a star
_EDGES = string.whitespace + "\u00a0\u200b\u2060\ufeff\"'`“”‘’"


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

    def apply(self, text: str) -> str:
        """The text after this step; a pattern that is not found changes nothing."""
        text = text.strip(_EDGES) if self.strip else text
        found = search(self.extract, text) if self.extract else None
        return text if found is None else found


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

    def read(self, pasted: str) -> str:
        """The value in what was pasted; ``UserMistake`` (FG-field-refused) when it cannot be one,
        without ever repeating a secret.
        """
        value = pasted[: _LONGEST_PATHS if self.path else _LONGEST_PASTED]
        for step in self.clean:
            value = step.apply(value)
        value = value or self.default or ""
        if value and (self.pattern is None or matches(self.pattern, value)):
            return value
        if not value and not self.required:
            return value
        what = (
            f"{self.label or self.name} is empty"
            if not value
            else f"{self.label or self.name} does not look right"
        )
        such_as = f"it looks like {self.example}" if self.example and not self.secret else None
        raise UserMistake(
            "FG-field-refused", what, at=Place(field=self.name), why=such_as, fix=self.help or None
        )


class Auth(Struct, frozen=True, forbid_unknown_fields=True):
    """How a request proves who it is for; ``secret`` names the credential, ``username`` and
    ``header`` are literal.
    """

    scheme: Literal["none", "basic", "bearer", "header"] = "none"
    username: str = ""
    secret: str | None = None
    header: str | None = None


class Budget(Struct, frozen=True, forbid_unknown_fields=True):
    """At most ``requests`` in ``per_s`` seconds, counted for all that share the ``scope``;
    ``burst`` at once (none said: as many).
    """

    requests: int
    per_s: float
    scope: Literal["ip", "app", "account"] = "account"
    burst: int | None = None


class Timeouts(Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds until a silent server counts as absent."""

    connect_s: float = 5.0
    read_s: float = 30.0


class Http(Struct, frozen=True, forbid_unknown_fields=True):
    """How the service may be asked; the transport holds every request to it.

    ``{version}`` in ``user_agent`` is the host's.
    """

    base_url: str
    allowed_hosts: tuple[str, ...] = ()
    auth: Auth = Auth()
    budget: tuple[Budget, ...] = (Budget(requests=1, per_s=1.0, burst=5),)
    timeouts: Timeouts = Timeouts()
    user_agent: str = "fitglue-registry/{version}"
    connections: int = 2
    max_body_mb: int = 64
    retries: int = 4

    @property
    def host(self) -> str:
        """The host of ``base_url``."""
        return re.sub(r"^https?://([^/:]*).*", r"\1", self.base_url).lower()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that may be asked: ``allowed_hosts``, or the one of ``base_url`` where the
        entry does not say.
        """
        return self.allowed_hosts or (self.host,)


class Part(Struct, frozen=True, forbid_unknown_fields=True, rename={"comes_from": "from"}):
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


class Road(Struct, frozen=True, forbid_unknown_fields=True):
    """One way by which workouts of a closed service do come: what it brings, how it is gone, and
    the command at its end.
    """

    name: str
    brings: str
    how: str
    command: str


class Closed(Struct, frozen=True, forbid_unknown_fields=True):
    """Why accounts of a service cannot be connected, and the roads that its workouts take all the
    same.
    """

    why: str
    roads: tuple[Road, ...]


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
    parts: tuple[Part, ...] = (Part(name="summary", comes_from="list"),)
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
        return next(
            (
                name.removeprefix("integration/")
                for name in self.dependencies
                if name.startswith("integration/")
            ),
            None,
        )

    def part(self, name: str) -> Part | None:
        """The part of that name, if the source has one."""
        return next((part for part in self.parts if part.name == name), None)


def entry_of(document: Mapping[str, Any], file: str = "", origin: str = "") -> Entry:
    """The typed entry of a document that meets the schema; short forms are written out."""
    plain = dict(document, kind=_kind(document["kind"]), file=file, origin=origin)
    if isinstance(plain["plugin"], str):
        plain["plugin"] = {"name": plain["plugin"]}
    plain["dependencies"] = [reference(name) for name in plain.get("dependencies", ())]
    for links in ("docs", "related"):
        plain[links] = [
            {"url": link} if isinstance(link, str) else link for link in plain.get(links, ())
        ]
    for fields in ("credentials", "settings"):
        plain[fields] = [_field(field) for field in plain.get(fields, ())]
    return msgspec.convert(plain, Entry, strict=False)  # JSON Schema calls 100.0 a whole number


def reference(name: str) -> str:
    """``kind/id`` with the kind as this host calls it: people also read booster for enricher."""
    kind, _, entry_id = name.partition("/")
    return f"{_kind(kind)}/{entry_id}"


def _kind(name: str) -> str:
    return "enricher" if name == "booster" else name


def _field(field: Mapping[str, Any]) -> Mapping[str, Any]:
    if "clean" not in field:
        return field
    return {
        **field,
        "clean": [{"strip": True} if step == "strip" else step for step in field["clean"]],
    }
