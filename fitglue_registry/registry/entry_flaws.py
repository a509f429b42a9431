"""What a schema cannot say about one entry: each rule is a function that yields what breaks it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fitglue_registry.errors import CODE, EntryInvalid, UserMistake
from fitglue_registry.registry.flaw import Flaw
from fitglue_registry.registry.pasted import read_field
from fitglue_registry.validation.wording import describe, nearest, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.registry.entry import Entry, Field
    from fitglue_registry.registry.http import Auth, Http
    from fitglue_registry.validation.violation import KeyPath

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
"""How an address begins, of whatever scheme."""

_VERSION_RANGE = re.compile(
    r"(~=|==|!=|<=|>=|<|>)\s*\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?(\.\*)?"
)
_NEVER_IN_A_LINK = set("<>()[]\\ \n\t")


def entry_flaws(entry: Entry) -> Iterator[Flaw]:
    """Everything that is wrong with an entry on its own."""
    yield from _version_range(entry)
    yield from _links(entry)
    yield from _closed(entry)
    yield from _fields("credentials", entry.credentials)
    yield from _fields("settings", entry.settings)
    yield from _secret_settings(entry)
    if entry.http:
        yield from _hosts(entry.http)
        yield from _auth(entry.http.auth, entry)
    yield from _parts(entry)
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
                f"{comparison!r} is not a range of versions",
                fix='write comparisons as in PEP 440, such as ">=0.1,<1"',
            )


def _links(entry: Entry) -> Iterator[Flaw]:
    """What a page links to is an https address or a path; whether a path leads somewhere, a check
    of the folder says.
    """
    for group, links in (("docs", entry.docs), ("related", entry.related)):
        for number, link in enumerate(links):
            if not _can_be_followed(link.url):
                yield Flaw(
                    "FG-entry-dead-link",
                    (group, number, "url"),
                    f"link {describe(link.url)} leads nowhere",
                    "it is no https address, no entry, and no file in the registry folder or "
                    "beside it",
                    "fix the link, or take it out",
                )


def _can_be_followed(url: str) -> bool:
    if ADDRESS.match(url) and not url.startswith("https://"):
        return False
    return _NEVER_IN_A_LINK.isdisjoint(url)


def _closed(entry: Entry) -> Iterator[Flaw]:
    """What cannot be connected is an integration, and asks for nothing."""
    if entry.closed is None:
        return
    if entry.kind != "integration":
        yield Flaw(
            "FG-entry-closed",
            ("closed",),
            f"a {entry.kind} is not closed",
            "accounts belong to an integration",
            "move it there",
        )
    for group in ("credentials", "settings", "hooks", "http"):
        if getattr(entry, group):
            yield Flaw(
                "FG-entry-closed",
                (group,),
                f"an integration that is closed has {group}",
                "nothing is ever asked with them",
                f"take out {group}, or take out closed",
            )


# -- credentials and settings ----------------------------------------------------------------------


def _fields(group: str, fields: Sequence[Field]) -> Iterator[Flaw]:
    yield from _names_twice(group, [field.name for field in fields])
    for number, field in enumerate(fields):
        broken = list(_patterns((group, number), field))
        yield from broken
        if not broken:
            yield from _own_examples((group, number), field)


def _names_twice(group: str, names: Sequence[str]) -> Iterator[Flaw]:
    for number, name in enumerate(names):
        first = names.index(name)
        if first < number:
            yield Flaw(
                "FG-entry-name-twice",
                (group, number, "name"),
                f"{name} is here a second time",
                f"it is already {group}[{first}]",
                "keep one of the two",
            )


def _patterns(path: KeyPath, field: Field) -> Iterator[Flaw]:
    for number, step in enumerate(field.clean):
        if step.extract:
            yield from _extracting_pattern((*path, "clean", number, "extract"), step.extract)
    if field.pattern:
        yield from _pattern((*path, "pattern"), field.pattern)


def _pattern(path: KeyPath, pattern: str) -> Iterator[Flaw]:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        what = f"{pattern!r} is not a regular expression: {error}"
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
            f"{pattern!r} has {groups} groups, must have one: the value",
            fix="write (?:…) for a group that is not the value",
        )


def _own_examples(path: KeyPath, field: Field) -> Iterator[Flaw]:
    """What the entry itself gives as an example or a default is accepted."""
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
                f"{key} {value!r} is refused by the entry's own pattern",
                f"the pattern is {field.pattern}",
            )


def _secret_settings(entry: Entry) -> Iterator[Flaw]:
    for number, setting in enumerate(entry.settings):
        if setting.secret:
            yield Flaw(
                "FG-entry-secret-setting",
                ("settings", number, "secret"),
                "a setting cannot be a secret",
                "settings are shown and stored in clear",
                "move it to credentials",
            )


# -- HTTP ------------------------------------------------------------------------------------------


def _hosts(http: Http) -> Iterator[Flaw]:
    if http.host not in http.hosts:
        yield Flaw(
            "FG-entry-host-not-allowed",
            ("http", "allowed_hosts"),
            f"{http.host}, the host of base_url, is not among the allowed hosts",
            fix=f"add {http.host}",
        )


def _auth(auth: Auth, entry: Entry) -> Iterator[Flaw]:
    if auth.secret is not None:
        yield from _named_secret(auth.secret, entry)
    elif auth.scheme != "none":
        yield Flaw(
            "FG-entry-unknown-credential",
            ("http", "auth"),
            f"scheme {auth.scheme} needs a secret",
            fix="add secret: the name of a credential that is a secret",
        )
    if auth.scheme == "header" and not auth.header:
        yield Flaw(
            "FG-entry-missing-key",
            ("http", "auth"),
            "scheme header needs the name of the header",
            fix="add header: Authorization",
        )


def _named_secret(secret: str, entry: Entry) -> Iterator[Flaw]:
    names = [field.name for field in entry.credentials if field.secret]
    if secret in names:
        return
    near = nearest(secret, names)
    yield Flaw(
        "FG-entry-unknown-credential",
        ("http", "auth", "secret"),
        f"{secret!r} is not the name of a secret credential",
        f"those are: {one_of(names)}" if names else "the entry has no secret credential",
        f"did you mean {near}?" if near else None,
    )


# -- the rest --------------------------------------------------------------------------------------


def _parts(entry: Entry) -> Iterator[Flaw]:
    names = [part.name for part in entry.parts]
    yield from _names_twice("parts", names)
    for name in entry.sync.touches:
        if name not in names:
            yield Flaw(
                "FG-entry-unknown-part",
                ("sync", "touches", name),
                f"{name!r} is not among the parts of this entry",
                f"those are: {one_of(names)}",
                "add it to parts, or take it out here",
            )


def _issue_codes(entry: Entry) -> Iterator[Flaw]:
    for number, issue in enumerate(entry.issues):
        for position, code in enumerate(issue.codes):
            if not CODE.fullmatch(code):
                yield Flaw(
                    "FG-entry-issue-code",
                    ("issues", number, "codes", position),
                    f"{code!r} is not the code of an error",
                    fix="a code is FG- and a kebab-case name, such as FG-key-rejected",
                )
