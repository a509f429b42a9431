"""The typed values of an entry: one class for each mapping in ``registry/schemas/entry.json``.

They are frozen, and they contain all defaults.
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


ORIGIN_NAME = "origin"
"""The name under which a secret store keeps the origin of a secret, beside its values."""


# Every class forbids unknown fields, as the schema does. The schema reports them with line and
# column; the types make sure that no key can be added to the schema without a field here.


class Plugin(Struct, frozen=True, forbid_unknown_fields=True):
    """The distribution of the plugin that implements an entry.

    Attributes:
        name: Name of the distribution.
        version: Versions that the entry accepts (PEP 440), such as ``>=0.1,<1``; empty means any.
    """

    name: str
    version: str = ""


class Link(Struct, frozen=True, forbid_unknown_fields=True):
    """A link to an https address, to a file, or to another entry as ``kind/id``."""

    url: str
    title: str = ""


class Clean(Struct, frozen=True, forbid_unknown_fields=True):
    """One step that turns pasted text into a value.

    Attributes:
        strip: Whether to remove white space, quotes and invisible characters from both ends.
        extract: Regular expression with one group; if it matches anywhere, the group is the value.
    """

    strip: bool = False
    extract: str | None = None


class Field(Struct, frozen=True, forbid_unknown_fields=True):
    """A value that the athlete is asked for: a credential or a setting.

    Attributes:
        name: Name of the value for the plugin.
        label: Name of the value in a prompt.
        help: Where the athlete finds the value.
        secret: Whether the value is a secret, which is never shown, logged or stored in plain text.
        path: Whether the value is a path or a list of paths on this machine.
        expires: Whether the value is the last day on which the credentials are valid, typed as a
            date or as a number of days.
        max_days: For how many days the service makes credentials valid at most; only with
            ``expires``.
        required: Whether the connection needs the value; see ``needed``.
        default: Value that is used if nothing is typed.
        pattern: Regular expression that the complete value must match after cleaning.
        example: Value that the pattern accepts.
        clean: Steps that turn pasted text into the value.
    """

    name: str
    label: str = ""
    help: str = ""
    secret: bool = False
    path: bool = False
    expires: bool = False
    max_days: int | None = None
    required: bool = True
    default: str | None = None
    pattern: str | None = None
    example: str | None = None
    clean: tuple[Clean, ...] = (Clean(strip=True),)

    @property
    def needed(self) -> bool:
        """Whether the connection needs the value. Nobody has to know when a key ends."""
        return self.required and not self.expires

    def env(self, integration: str) -> str:
        """Return the name of the environment variable that replaces the prompt.

        An example is ``FITGLUE_INTERVALS_API_KEY``.
        """
        return f"FITGLUE_{integration}_{self.name}".upper().replace("-", "_")


_ANOTHER_ADDRESS = Field(
    name="base_url",
    label="Address of the API",
    help="Only for a test server or a proxy of your own.",
    required=False,
    example="http://127.0.0.1:8042",
)


class EntryPart(Struct, frozen=True, forbid_unknown_fields=True, rename={"comes_from": "from"}):
    """A part of a record, and how the source delivers it.

    Attributes:
        name: Name of the part.
        comes_from: Whether the part comes with the list, or is fetched by id (in YAML: ``from``).
        bulk: Number of ids that one fetch may ask for.
        default: Whether the part is wanted unless the athlete chooses otherwise.
        option: Name of the setting of a connection with which the athlete chooses the part.
        confirms: Whether fetching the part by id proves that the record still exists.
        identity: Whether the record's external id is computed from the part.
        heavy: Whether the part is a foreign file, or slow to normalize; a record that has it is
            normalized only in a worker process with limits.
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
    """The usual delay of a workout.

    Attributes:
        expected_min: Usual delay in minutes, or ``None`` if it is not known.
        hops: Names of the devices and services that the workout passes, in order.
    """

    expected_min: int | None = None
    hops: tuple[str, ...] = ()


class Sync(Struct, frozen=True, forbid_unknown_fields=True):
    """How the records of a source arrive.

    Attributes:
        mode: ``poll`` if the host asks the source, ``push`` if the source calls the host,
            ``manual`` if a person adds workouts, ``file`` if files are read.
        overlap_days: Days that each sync looks back.
        full_walk_days: Days between two full walks; ``None`` means that no full walk is scheduled.
        by_change: Whether the source can list what has changed since a moment. Each sync then asks
            for that (``Window.changed_since``) instead of looking back some days.
        deletions: Whether a record that is no longer listed may have been deleted.
        snapshots: Whether each listing shows the state of a date, ``Listing.at_source``. A row with
            an earlier date than the one stored changes nothing.
        touches: Part → globs of the summary keys whose change re-opens the part. Every change
            re-opens a part that is not named here.
        fetch_again_days: Part → days. The first sync of each day fetches the part again for the
            records that began in these days, because the list does not show every edit of it.
        delay: Usual delay of a workout.
        note: Anything else that an athlete should know.
    """

    mode: Literal["poll", "push", "manual", "file"] = "poll"
    overlap_days: int = 30
    full_walk_days: int | None = 7
    by_change: bool = False
    deletions: bool = False
    snapshots: bool = False
    touches: Mapping[str, tuple[str, ...]] = {}
    fetch_again_days: Mapping[str, int] = {}
    delay: Delay = Delay()
    note: str = ""


class Capabilities(Struct, frozen=True, forbid_unknown_fields=True):
    """What the source lets the host see.

    Attributes:
        edits: Whether later edits can be noticed.
        deletions: Whether deletions can be noticed.
        streams: Whether samples over time are available.
        original_file: Whether the file that the device recorded is available.
        webhooks: Whether the source notifies the host of changes.
        history: How far back the data goes, in words.
    """

    edits: bool = False
    deletions: bool = False
    streams: bool = False
    original_file: bool = False
    webhooks: bool = False
    history: str = ""


class Datum(Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the data table: something that the source delivers or does not deliver.

    Attributes:
        field: Name for people.
        availability: How often the source delivers it.
        path: Field of the source activity.
        upstream: Field of the source.
        kind: Whether the value is reported, estimated by a model, or computed from other values.
        note: Anything else that a reader should know.
    """

    field: str
    availability: Literal["always", "when_recorded", "never"]
    path: str = ""
    upstream: str = ""
    kind: Literal["reported", "estimated", "computed"] = "reported"
    note: str = ""


class Given(Struct, frozen=True, forbid_unknown_fields=True):
    """One value or text that an enricher computes or changes.

    Attributes:
        field: Name for people.
        path: Field of the activity, or ``metrics.NAME``. The fields ``title``, ``description``,
            ``sport`` and ``tags`` change only what is sent on.
        note: Anything else that a reader should know.
    """

    field: str
    path: str
    note: str = ""


class DeliveryTerms(Struct, frozen=True, forbid_unknown_fields=True):
    """What a destination takes, and what it can do and tell.

    Attributes:
        takes: Fields of the activity that it takes; a change of one of them is an update.
        updates: Whether it can change what was sent before.
        fills: Whether it can fill empty fields of a record that it has from elsewhere.
        deletes: Whether it can remove what was sent before.
        files: Whether it takes original files.
        whole: Whether a change needs the complete activity, with samples and original file.
        leaves_machine: Whether what is sent leaves this machine.
        retry_days: Days for which a delivery is tried again while the destination is unavailable;
            ``None`` for as long as it takes.
        refuses: Ids of sources whose workouts it must never get.
    """

    takes: tuple[str, ...]
    updates: bool = False
    fills: bool = False
    deletes: bool = False
    files: bool = False
    whole: bool = False
    leaves_machine: bool = True
    retry_days: int | None = None
    refuses: tuple[str, ...] = ()


class Terms(Struct, frozen=True, forbid_unknown_fields=True):
    """What the source's terms of use require.

    Attributes:
        retention_days: Days after which its data must be deleted; ``None`` means never.
        leaves_machine: Whether its data may be sent to other services.
        note: The terms in words.
    """

    retention_days: int | None = None
    leaves_machine: bool = True
    note: str = ""


class Issue(Struct, frozen=True, forbid_unknown_fields=True):
    """A common problem.

    Attributes:
        symptom: What the athlete sees.
        cause: Why it happens.
        fix: What the athlete can do.
        codes: Codes of the errors that belong to it.
    """

    symptom: str
    cause: str = ""
    fix: str = ""
    codes: tuple[str, ...] = ()


class Correction(Struct, frozen=True, forbid_unknown_fields=True):
    """A correction of what other pages claim about the source.

    Attributes:
        claim: Claim of the other pages.
        truth: What is true.
        reference: How we know it.
    """

    claim: str
    truth: str
    reference: str = ""


class Alternative(Struct, frozen=True, forbid_unknown_fields=True):
    """Another way to get the workouts of a closed service.

    Attributes:
        name: Name of the alternative.
        brings: Which workouts it brings.
        how: Steps before the command.
        command: Command that completes the alternative.
    """

    name: str
    brings: str
    how: str
    command: str


class Closed(Struct, frozen=True, forbid_unknown_fields=True):
    """The reason why accounts of a service cannot be connected, and the alternatives.

    Attributes:
        why: Reason in words.
        alternatives: Other ways to get the workouts of the service.
    """

    why: str
    alternatives: tuple[Alternative, ...]


class Tier(Struct, frozen=True, forbid_unknown_fields=True):
    """A tier of athletes; each tier includes the entries of the lower tiers."""

    id: str
    name: str
    summary: str = ""


class Entry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One entry of the registry: an integration, a source, an enricher or a destination.

    ``docs/plugin-author.md`` explains each field. Two fields are not in the document: ``file`` is
    the path that the entry was read from, and ``origin`` the distribution that the file belongs to.
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
    # Every source lists a summary, so a small entry need not declare it.
    parts: tuple[EntryPart, ...] = (EntryPart(name=PartName.SUMMARY, comes_from="list"),)
    sync: Sync = Sync()
    volatile: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    gives: tuple[Given, ...] = ()
    athlete_settings: tuple[str, ...] = ()
    delivery: DeliveryTerms | None = None
    capabilities: Capabilities = Capabilities()
    data: tuple[Datum, ...] = ()
    terms: Terms = Terms()
    issues: tuple[Issue, ...] = ()
    claims_corrected: tuple[Correction, ...] = ()
    # The reader fills in these two; a document that has them is refused by the schema.
    file: str = ""
    origin: str = ""

    @property
    def key(self) -> str:
        """The key ``kind/id``, which the ``dependencies`` of other entries use."""
        return f"{self.kind}/{self.id}"

    @property
    def fields(self) -> tuple[Field, ...]:
        """The values that a connection takes: the credentials and the settings.

        The address of every service can be replaced, so an entry need not declare ``base_url``.
        """
        declared = (*self.credentials, *self.settings)
        names = [field.name for field in declared]
        if self.http is None or _ANOTHER_ADDRESS.name in names:
            return declared
        # The address of a webhook is a credential, which nothing can replace.
        if self.http.auth.is_webhook:
            return declared
        return (*declared, _ANOTHER_ADDRESS)

    @property
    def integration(self) -> str | None:
        """The id of the integration that has the account, or ``None`` if there is no account.

        It is the entry's own id if the entry is an integration, or else that of the first
        integration among its dependencies.
        """
        if self.kind == "integration":
            return self.id
        for name in self.dependencies:
            kind, _, entry_id = name.partition("/")
            if kind == "integration":
                return entry_id
        return None

    @property
    def reads_files(self) -> bool:
        """Whether its records are read from files, by ``fitglue_read``."""
        return "fitglue_read" in self.hooks

    def part(self, name: str) -> EntryPart | None:
        """Return the part with this name, or ``None`` if the source does not have it."""
        return next((part for part in self.parts if part.name == name), None)
