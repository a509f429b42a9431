"""The rules for one entry that a schema cannot express, one function for each rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fitglue_registry.errors import CODE, EntryInvalid, UserMistake
from fitglue_registry.registry.auth_flaws import auth_flaws
from fitglue_registry.registry.entry import ORIGIN_NAME
from fitglue_registry.registry.flaw import Flaw
from fitglue_registry.registry.http_flaws import http_flaws
from fitglue_registry.registry.pasted import read_field
from fitglue_registry.registry.pattern import fault_of
from fitglue_registry.registry.sending_flaws import sending_flaws
from fitglue_registry.validation.wording import describe, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.registry.entry import Entry, Field
    from fitglue_registry.validation.violation import KeyPath

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
"""The beginning of an address of any scheme."""

#: One comparison of a version specifier (PEP 440), without local versions and epochs.
_VERSION_RANGE = re.compile(
    r"(~=|==|!=|<=|>=|<|>)\s*\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?(\.\*)?"
)
#: Characters that would end a Markdown link, or start another one.
_NEVER_IN_A_LINK = set("<>()[]\\ \n\t")


def entry_flaws(entry: Entry) -> Iterator[Flaw]:
    """Yield every flaw of an entry that can be found without other entries."""
    yield from _version_range(entry)
    yield from _links(entry)
    yield from _closed(entry)
    yield from _fields("credentials", entry.credentials)
    yield from _fields("settings", entry.settings)
    yield from _secret_settings(entry)
    yield from _reserved_names(entry)
    if entry.http:
        yield from http_flaws(entry.http)
        yield from auth_flaws(entry.http.auth, entry)
    yield from _parts(entry)
    yield from _files(entry)
    yield from sending_flaws(entry)
    yield from _issue_codes(entry)


def _version_range(entry: Entry) -> Iterator[Flaw]:
    if not entry.plugin.version:
        return
    for part in entry.plugin.version.split(","):
        comparison = part.strip()
        if not _VERSION_RANGE.fullmatch(comparison):
            yield Flaw(
                "FG-entry-version-range",
                ("plugin", "version"),
                f"{comparison!r} is not a version range",
                fix='write a version range as in PEP 440, such as ">=0.1,<1"',
            )


def _links(entry: Entry) -> Iterator[Flaw]:
    """Yield a flaw for each link that is neither an https address nor a path.

    Whether a path exists is a question for the check of the folder.
    """
    for group, links in (("docs", entry.docs), ("related", entry.related)):
        for number, link in enumerate(links):
            if not _can_be_followed(link.url):
                yield Flaw(
                    "FG-entry-dead-link",
                    (group, number, "url"),
                    f"link {describe(link.url)} does not lead anywhere",
                    "it is not an https address, an entry, or a file in or beside the registry "
                    "folder",
                    "fix the link, or remove it",
                )


def _can_be_followed(url: str) -> bool:
    if ADDRESS.match(url) and not url.startswith("https://"):
        return False
    return _NEVER_IN_A_LINK.isdisjoint(url)


def _closed(entry: Entry) -> Iterator[Flaw]:
    """Yield a flaw if something other than an integration is closed, or if it asks for anything."""
    if entry.closed is None:
        return
    if entry.kind != "integration":
        yield Flaw(
            "FG-entry-closed",
            ("closed",),
            f"a {entry.kind} cannot be closed",
            "accounts belong to an integration",
            "move closed to the entry of the integration",
        )
    for group in ("credentials", "settings", "hooks", "http"):
        if getattr(entry, group):
            yield Flaw(
                "FG-entry-closed",
                (group,),
                f"a closed integration cannot have {group}",
                "its accounts are never connected",
                f"remove {group}, or remove closed",
            )


# -- credentials and settings ----------------------------------------------------------------------


def _fields(group: str, fields: Sequence[Field]) -> Iterator[Flaw]:
    yield from _names_twice(group, [field.name for field in fields])
    for number, field in enumerate(fields):
        yield from _expiry((group, number), field)
        broken = list(_patterns((group, number), field))
        yield from broken
        # An example can be tried only with patterns that are regular expressions.
        if not broken:
            yield from _own_examples((group, number), field)


def _expiry(path: KeyPath, field: Field) -> Iterator[Flaw]:
    """Yield a flaw for a day on which credentials end that could not be read as a day."""
    if not field.expires:
        if field.max_days is not None:
            yield Flaw(
                "FG-entry-expires",
                (*path, "max_days"),
                "max_days needs expires",
                "it is the longest time for which credentials are valid",
                "add expires: true, or remove max_days",
            )
        return
    for key in ("secret", "path", "pattern", "default"):
        if getattr(field, key):
            yield Flaw(
                "FG-entry-expires",
                (*path, "expires"),
                f"a value with expires cannot have {key}",
                "it is read as a date or as a number of days, and it is shown",
                f"remove {key}, or remove expires",
            )


def _names_twice(group: str, names: Sequence[str]) -> Iterator[Flaw]:
    for number, name in enumerate(names):
        first = names.index(name)
        if first < number:
            yield Flaw(
                "FG-entry-name-twice",
                (group, number, "name"),
                f"the name {name} occurs twice",
                f"{group}[{first}] already has it",
                "rename or remove one of the two",
            )


def _patterns(path: KeyPath, field: Field) -> Iterator[Flaw]:
    for number, step in enumerate(field.clean):
        if step.extract:
            yield from _extracting_pattern((*path, "clean", number, "extract"), step.extract)
    if field.pattern:
        yield from _pattern((*path, "pattern"), field.pattern)


def _pattern(path: KeyPath, pattern: str) -> Iterator[Flaw]:
    fault = fault_of(pattern)
    if fault is not None:
        what = f"{pattern!r} is not a regular expression: {fault}"
        yield Flaw("FG-entry-bad-pattern", path, what)


def _extracting_pattern(path: KeyPath, pattern: str) -> Iterator[Flaw]:
    broken = list(_pattern(path, pattern))
    if broken:
        yield from broken
        return
    groups = re.compile(pattern).groups
    if groups != 1:
        yield Flaw(
            "FG-entry-bad-pattern",
            path,
            f"{pattern!r} has {groups} groups, but must have one, which is the value",
            fix="write (?:…) for every group that is not the value",
        )


def _own_examples(path: KeyPath, field: Field) -> Iterator[Flaw]:
    """Yield a flaw if the entry's own pattern refuses its example or its default."""
    for key, value in (("example", field.example), ("default", field.default)):
        if value is None:
            continue
        try:
            read_field(field, value)
        except EntryInvalid as error:
            yield Flaw("FG-entry-bad-pattern", (*path, key), error.what, error.why, error.fix)
        except UserMistake:
            yield Flaw(
                "FG-entry-example-refused",
                (*path, key),
                f"the entry's own pattern refuses the {key} {value!r}",
                f"the pattern is {field.pattern}",
            )


def _secret_settings(entry: Entry) -> Iterator[Flaw]:
    for number, setting in enumerate(entry.settings):
        if setting.secret:
            yield Flaw(
                "FG-entry-secret-setting",
                ("settings", number, "secret"),
                "a setting cannot be a secret",
                "settings are shown and stored in plain text",
                "move it to credentials",
            )


def _reserved_names(entry: Entry) -> Iterator[Flaw]:
    # A secret is stored together with the origin at which it was proven, under this name.
    for number, credential in enumerate(entry.credentials):
        if credential.name == ORIGIN_NAME:
            yield Flaw(
                "FG-entry-reserved-name",
                ("credentials", number, "name"),
                f"a credential cannot be called {ORIGIN_NAME!r}",
                "the secret store keeps the origin of the secret under this name",
                "choose another name",
            )


# -- parts and issues ------------------------------------------------------------------------------


def _parts(entry: Entry) -> Iterator[Flaw]:
    names = [part.name for part in entry.parts]
    yield from _names_twice("parts", names)
    rules = {"touches": entry.sync.touches, "fetch_again_days": entry.sync.fetch_again_days}
    for rule, parts in rules.items():
        for name in parts:
            if name not in names:
                yield Flaw(
                    "FG-entry-unknown-part",
                    ("sync", rule, name),
                    f"{name!r} is not a part of this entry",
                    f"the parts are: {one_of(names)}",
                    "add it to parts, or remove it here",
                )
    for number, part in enumerate(entry.parts):
        if part.heavy and part.comes_from == "list":
            yield Flaw(
                "FG-entry-heavy-row",
                ("parts", number, "heavy"),
                f"part {part.name.value!r} comes with the list, so it cannot be heavy",
                "rows of a list are normalized in the process of the host",
                "remove heavy, or fetch the part by id",
            )


def _files(entry: Entry) -> Iterator[Flaw]:
    """Yield a flaw for a source of files that would read them in the process of the host."""
    if "fitglue_read" in entry.hooks:
        return
    why = "foreign files are read only by fitglue_read, in a worker process with limits"
    fix = "write the hook fitglue_read in the plugin, and add it to hooks"
    if entry.sync.mode == "file":
        what = "a source with sync.mode file needs the hook fitglue_read"
        yield Flaw("FG-entry-reads-files", ("sync", "mode"), what, why, fix)
    if "fitglue_recognize" in entry.hooks:
        what = "the hook fitglue_recognize is only for sources with the hook fitglue_read"
        yield Flaw("FG-entry-reads-files", ("hooks",), what, why, fix)


def _issue_codes(entry: Entry) -> Iterator[Flaw]:
    for number, issue in enumerate(entry.issues):
        for position, code in enumerate(issue.codes):
            # The catalogue finds issues by their codes, and a misspelled code would never match.
            if not CODE.fullmatch(code):
                yield Flaw(
                    "FG-entry-issue-code",
                    ("issues", number, "codes", position),
                    f"{code!r} is not an error code",
                    fix="write a code such as FG-key-rejected",
                )
