"""The generator of help articles (Markdown).

An article is made from entries only, so it cannot contradict them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fitglue_registry.registry.help_boosters import given_by, needed_by, settings_of
from fitglue_registry.registry.help_delivery import delivery
from fitglue_registry.registry.help_usage import setup, sync_mechanism

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.registry.catalogue import Catalogue
    from fitglue_registry.registry.entry import Datum, Entry, Link

#: Field names of an API, such as ``start_date``, which are shown as code.
_UPSTREAM_NAME = re.compile(r"\b[a-z]+(_[a-z]+)+\b")


def article(entry: Entry, catalogue: Catalogue) -> str:
    """Return the help article of an entry.

    Args:
        entry: Entry that the article is about.
        catalogue: All entries, for links and for the names of tiers.

    Returns:
        Markdown that ends with a newline. The same entries always give the same text.
    """
    sections = {
        "Overview": [entry.summary],
        _heading_of_data(entry): _data(entry),
        "What is not available": _missing(entry),
        "What happens to a workout": delivery(entry),
        "Sync mechanism": sync_mechanism(entry),
        "What it gives": given_by(entry),
        "What it needs": needed_by(entry),
        "Settings": settings_of(entry),
        "Setup": setup(entry, catalogue),
        "Tier": _tier(entry, catalogue),
        "Common issues": _issues(entry),
        "Dependencies": _dependencies(entry, catalogue),
        "Related": _related(entry, catalogue),
        "Common misconceptions": _corrections(entry),
    }
    lines = [
        f"# {_title(entry)}",
        "",
        f"<!-- Generated from {entry.kind}s/{entry.id}.yaml; edit the entry, not this page. -->",
    ]
    for heading, content in sections.items():
        body = [_one_line(text) for text in content]
        if body:
            lines += [
                "",
                f"## {heading}",
                "",
                *body,
            ]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    """Return a text of an entry as one line.

    Otherwise one of its lines could look like a heading, a list or a table of the article.
    """
    return re.sub(r"(?<![ \t])[ \t]*\n\s*", " ", text)


def _title(entry: Entry) -> str:
    if entry.kind == "integration":
        return f"Connecting {entry.name}"
    if entry.kind == "enricher":
        return f"{entry.name}: a booster"
    return f"{entry.name} as a {entry.kind}"


# -- data ------------------------------------------------------------------------------------------


def _heading_of_data(entry: Entry) -> str:
    return "Data sent" if entry.kind == "destination" else "Data ingested"


def _data(entry: Entry) -> Iterator[str]:
    arriving = [datum for datum in entry.data if datum.availability != "never"]
    direction = "To" if entry.kind == "destination" else "From"
    if arriving:
        yield f"| Field | When | {direction} | Notes |"
        yield "|---|---|---|---|"
    for datum in arriving:
        yield _row(datum)


def _row(datum: Datum) -> str:
    when = datum.availability.replace("_", " ")
    upstream = _UPSTREAM_NAME.sub(r"`\g<0>`", datum.upstream)
    notes = [datum.note] if datum.note else []
    if datum.kind != "reported":
        notes.insert(0, f"{datum.kind.capitalize()}.")
    cells = (datum.field, when, upstream, " ".join(notes))
    # A pipe in a text would begin another cell.
    row = " | ".join(cell.replace("|", "/") for cell in cells)
    return f"| {row} |".replace("|  |", "| |")


def _missing(entry: Entry) -> Iterator[str]:
    for datum in entry.data:
        if datum.availability == "never":
            yield _item(datum.field, datum.note)


# -- tier, issues and links ------------------------------------------------------------------------


def _tier(entry: Entry, catalogue: Catalogue) -> Iterator[str]:
    tier = catalogue.tier(entry.tier)
    if tier is None:
        yield f"Included in **{entry.tier}** and higher tiers."
    else:
        yield f"Included in **{tier.name}** and higher tiers. {tier.summary}".rstrip()


def _issues(entry: Entry) -> Iterator[str]:
    for issue in entry.issues:
        sentences = [issue.cause, issue.fix]
        if issue.codes:
            codes = ", ".join(f"`{code}`" for code in issue.codes)
            sentences.append(f"({codes})")
        yield _item(issue.symptom, " ".join(filter(None, sentences)))


def _dependencies(entry: Entry, catalogue: Catalogue) -> Iterator[str]:
    for name in entry.dependencies:
        yield f"- {_link_to(name, catalogue)} (required)"
    version = f" {entry.plugin.version}" if entry.plugin.version else ""
    yield f"- Plugin `{entry.plugin.name}`{version}"


def _related(entry: Entry, catalogue: Catalogue) -> Iterator[str]:
    for link in (*entry.related, *entry.docs):
        if _is_entry(link):
            yield f"- {_link_to(link.url, catalogue)}"
        else:
            title = link.title or link.url
            yield f"- [{title}]({link.url})"


def _is_entry(link: Link) -> bool:
    return "/" in link.url and ":" not in link.url and not link.url.endswith(".md")


def _corrections(entry: Entry) -> Iterator[str]:
    for correction in entry.claims_corrected:
        reference = f" ({correction.reference})" if correction.reference else ""
        yield f"- *“{correction.claim}”* {correction.truth}{reference}"


def _item(lead: str, text: str) -> str:
    return f"- **{lead}.** {text}".rstrip()


def _link_to(name: str, catalogue: Catalogue) -> str:
    kind, _, entry_id = name.partition("/")
    entry = catalogue.find(kind, entry_id)
    # The entry can belong to a distribution that is not installed.
    if entry is None:
        return f"`{name}`"
    page = f"../{entry.kind}s/{entry.id}.md"
    return f"[{_title(entry)}]({page})"
