"""What a schema cannot say about one entry: each rule is a function that yields what breaks it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from fitglue_registry.errors import EntryInvalid, UserMistake
from fitglue_registry.validation.wording import describe, nearest, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.registry.entry import Entry, Field, Http
    from fitglue_registry.validation.violation import KeyPath

_VERSION_RANGE = re.compile(
    r"(~=|==|!=|<=|>=|<|>)\s*\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?(\.\*)?"
)
_ERROR_CODE = re.compile(r"FG-[a-z0-9]+(-[a-z0-9]+)*")


ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


class Flaw(NamedTuple):
    """One broken rule: code, path in the entry, what, and why or fix where there is more to say."""

    code: str
    path: KeyPath
    what: str
    why: str | None = None
    fix: str | None = None


def flaws(entry: Entry) -> Iterator[Flaw]:
    """Everything that is wrong with an entry on its own."""
    yield from _version_range(entry)
    yield from _links(entry)
    yield from _closed(entry)
    for group, fields in (("credentials", entry.credentials), ("settings", entry.settings)):
        yield from _names_twice((group,), [field.name for field in fields])
        for number, field in enumerate(fields):
            yield from _patterns((group, number), field)
            if field.secret and group == "settings":
                yield Flaw(
                    "FG-entry-secret-setting",
                    (group, number, "secret"),
                    "a setting cannot be a secret",
                    "settings are shown and stored in clear",
                    "move it to credentials",
                )
    if entry.http:
        yield from _http(entry, entry.http)
    yield from _parts(entry)
    for number, issue in enumerate(entry.issues):
        for place, code in enumerate(issue.codes):
            if not _ERROR_CODE.fullmatch(code):
                yield Flaw(
                    "FG-entry-issue-code",
                    ("issues", number, "codes", place),
                    f"{code!r} is not the code of an error",
                    fix="a code is FG- and a kebab name, such as FG-key-rejected",
                )


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
    for group, given in (
        ("credentials", entry.credentials),
        ("settings", entry.settings),
        ("hooks", entry.hooks),
        ("http", entry.http),
    ):
        if given:
            yield Flaw(
                "FG-entry-closed",
                (group,),
                f"an integration that is closed has {group}",
                "nothing is ever asked with them",
                f"take out {group}, or take out closed",
            )


def _links(entry: Entry) -> Iterator[Flaw]:
    """What a page links to is an https address or a path; whether a path leads somewhere, a check
    of the folder says.
    """
    for group, links in (("docs", entry.docs), ("related", entry.related)):
        for number, link in enumerate(links):
            if (ADDRESS.match(link.url) and not link.url.startswith("https://")) or set(
                link.url
            ) & set("<>()[]\\ \n\t"):
                yield Flaw(
                    "FG-entry-dead-link",
                    (group, number, "url"),
                    f"link {describe(link.url)} leads nowhere",
                    "it is no https address, no entry, and no file in the registry folder or "
                    "beside it",
                    "mend the link, or take it out",
                )


def _version_range(entry: Entry) -> Iterator[Flaw]:
    for part in entry.plugin.version.split(",") if entry.plugin.version else ():
        if not _VERSION_RANGE.fullmatch(part.strip()):
            yield Flaw(
                "FG-entry-version-range",
                ("plugin", "version"),
                f"{part.strip()!r} is not a range of versions",
                fix='write comparisons as in PEP 440, such as ">=0.1,<1"',
            )


def _names_twice(path: KeyPath, names: list[str]) -> Iterator[Flaw]:
    for number, name in enumerate(names):
        if name in names[:number]:
            yield Flaw(
                "FG-entry-name-twice",
                (*path, number, "name"),
                f"{name} is here a second time",
                f"it is already {path[0]}[{names.index(name)}]",
                "keep one of the two",
            )


def _patterns(path: KeyPath, field: Field) -> Iterator[Flaw]:
    patterns: list[tuple[KeyPath, str, bool]] = [
        ((*path, "clean", number, "extract"), step.extract, True)
        for number, step in enumerate(field.clean)
        if step.extract
    ]
    patterns += [((*path, "pattern"), field.pattern, False)] if field.pattern else []
    broken = False
    for place, pattern, extracts in patterns:
        try:
            found = re.compile(pattern).groups
        except (re.error, RecursionError, OverflowError) as error:
            broken = True
            yield Flaw(
                "FG-entry-bad-pattern", place, f"{pattern!r} is not a regular expression: {error}"
            )
            continue
        if extracts and found != 1:
            broken = True
            yield Flaw(
                "FG-entry-bad-pattern",
                place,
                f"{pattern!r} has {found} groups, must have one: the value",
                fix="write (?:…) for a group that is not the value",
            )
    if not broken:
        yield from _own_examples(path, field)


def _own_examples(path: KeyPath, field: Field) -> Iterator[Flaw]:
    for key, value in (("example", field.example), ("default", field.default)):
        try:
            if value is not None:
                field.read(value)
        except EntryInvalid as error:
            yield Flaw("FG-entry-bad-pattern", (*path, key), error.what, error.why, error.fix)
        except UserMistake:
            yield Flaw(
                "FG-entry-example-refused",
                (*path, key),
                f"{key} {value!r} is refused by the entry's own pattern",
                f"the pattern is {field.pattern}",
            )


def _http(entry: Entry, http: Http) -> Iterator[Flaw]:
    if http.host not in http.hosts:
        what = f"{http.host}, the host of base_url, is not among the allowed hosts"
        yield Flaw(
            "FG-entry-host-not-allowed", ("http", "allowed_hosts"), what, fix=f"add {http.host}"
        )
    auth, names = http.auth, [field.name for field in entry.credentials if field.secret]
    if auth.scheme != "none" and auth.secret is None:
        yield Flaw(
            "FG-entry-unknown-credential",
            ("http", "auth"),
            f"scheme {auth.scheme} needs a secret",
            fix="add secret: the name of a credential that is a secret",
        )
    elif auth.secret is not None and auth.secret not in names:
        near = nearest(auth.secret, names)
        yield Flaw(
            "FG-entry-unknown-credential",
            ("http", "auth", "secret"),
            f"{auth.secret!r} is not the name of a secret credential",
            f"those are: {one_of(names)}" if names else "the entry has no secret credential",
            f"did you mean {near}?" if near else None,
        )
    if auth.scheme == "header" and not auth.header:
        yield Flaw(
            "FG-entry-missing-key",
            ("http", "auth"),
            "scheme header needs the name of the header",
            fix="add header: Authorization",
        )


def _parts(entry: Entry) -> Iterator[Flaw]:
    names = [part.name for part in entry.parts]
    yield from _names_twice(("parts",), list(names))
    for name in entry.sync.touches:
        if name not in names:
            yield Flaw(
                "FG-entry-unknown-part",
                ("sync", "touches", name),
                f"{name!r} is not among the parts of this entry",
                f"those are: {one_of(names)}",
                "add it to parts, or take it out here",
            )
