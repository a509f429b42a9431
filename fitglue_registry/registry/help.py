"""Writes a help article (Markdown) from an entry and nothing else, so that no page can say what the
entry does not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_registry.registry.catalogue import Catalogue
    from fitglue_registry.registry.entry import Entry, Field, Link, Part

_MODES = {
    "poll": (
        "FitGlue asks {name} what is new. Each sync looks back {overlap} days, so that late "
        "uploads and edits arrive{walk}."
    ),
    "push": "{name} calls FitGlue when there is something new.",
    "manual": "Workouts arrive when they are handed over by hand.",
    "file": (
        "Each sync looks through the files that are there, and takes those whose content is new."
    ),
}
_PARTS = {
    "summary": "summary",
    "detail": "details",
    "streams": "samples over time",
    "file": "original file",
}


def article(entry: Entry, catalogue: Catalogue) -> str:
    """The help article of an entry, ending with a newline; the same entries always give the same
    text.
    """
    sections = {
        "Overview": [entry.summary],
        "Data ingested": _ingested(entry),
        "What is not available": _missing(entry),
        "Sync mechanism": _sync(entry),
        "Setup": _setup(entry, catalogue),
        "Tier": _tier(entry, catalogue),
        "Common issues": _issues(entry),
        "Dependencies": _dependencies(entry, catalogue),
        "Related": _related(entry, catalogue),
        "What other pages say, and what is so": _corrections(entry),
    }
    lines = [
        f"# {_title(entry)}",
        "",
        f"<!-- Made from {entry.kind}s/{entry.id}.yaml: change the entry, not this page. -->",
    ]
    for heading, content in sections.items():
        body = list(content)
        lines += ["", f"## {heading}", "", *map(_one_line, body)] if body else []
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    """What an entry says in several lines is one here: none of them may pass for a heading, a list
    or a table of the page's own.
    """
    return re.sub(r"[ \t]*\n\s*", " ", text)


def _title(entry: Entry) -> str:
    return (
        f"Connecting {entry.name}"
        if entry.kind == "integration"
        else f"{entry.name} as a {entry.kind}"
    )


def _ingested(entry: Entry) -> Iterator[str]:
    rows = [datum for datum in entry.data if datum.availability != "never"]
    if rows:
        yield from ("| Field | When | From | Notes |", "|---|---|---|---|")
    for datum in rows:
        notes = " ".join(
            part
            for part in (
                f"{datum.kind.capitalize()}." if datum.kind != "reported" else "",
                datum.note,
            )
            if part
        )
        upstream = re.sub(r"\b[a-z]+(_[a-z]+)+\b", r"`\g<0>`", datum.upstream)
        cells = (datum.field, datum.availability.replace("_", " "), upstream, notes)
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |".replace("|  |", "| |")


def _missing(entry: Entry) -> Iterator[str]:
    for datum in entry.data:
        if datum.availability == "never":
            yield _item(datum.field, datum.note)


def _sync(entry: Entry) -> Iterator[str]:
    if entry.kind != "source":
        return
    sync = entry.sync
    walk = (
        f"; every {sync.full_walk_days} days it walks through everything"
        if sync.full_walk_days
        else ""
    )
    yield _MODES[sync.mode].format(name=entry.name, overlap=sync.overlap_days, walk=walk)
    yield (
        "What is deleted at the source is noticed and marked."
        if sync.deletions
        else "What is missing there is not taken for deleted."
    )
    yield from (
        text
        for text in (
            sync.note,
            f"History: {entry.capabilities.history}" if entry.capabilities.history else "",
        )
        if text
    )
    yield ""
    yield from (f"- {_PARTS[part.name].capitalize()}: {_way(part)}." for part in entry.parts)
    if sync.delay.hops:
        usual = (
            f"; {sync.delay.expected_min} minutes in all are usual, and no promise"
            if sync.delay.expected_min
            else ""
        )
        yield from (
            "",
            (
                f"A workout's way: {' → '.join(sync.delay.hops)}. Each sync measures what every "
                f"hop took{usual}."
            ),
        )


def _way(part: Part) -> str:
    if part.comes_from == "list":
        return "comes with the list"
    how = f"fetched, {part.bulk} at a time" if part.bulk > 1 else "fetched one by one"
    return (
        how
        if part.default
        else f"{how}, only with `--{part.option}`"
        if part.option
        else f"{how}, when asked for"
    )


def _setup(entry: Entry, catalogue: Catalogue) -> Iterator[str]:
    if entry.closed:
        yield (
            f"An account cannot be connected. {entry.closed.why} `fitglue connect {entry.id}` "
            "tells the roads that there are:"
        )
        yield ""
        yield from (
            f"- **{road.name}**: {road.brings}. {road.how} Then `{road.command}`."
            for road in entry.closed.roads
        )
        return
    integration = catalogue.find("integration", entry.integration) if entry.integration else None
    steps = [
        f"`fitglue plugin install {entry.plugin.name}`, unless `fitglue plugin list` shows it."
    ]
    if integration:
        asked = [*integration.credentials, *integration.settings]
        steps.append(f"`fitglue connect {integration.id}`{' asks for:' if asked else '.'}")
        steps += [_asked(field, integration.id) for field in asked]
    if entry.kind in ("integration", "source"):
        steps.append("`fitglue sync`; once more whenever there may be something new.")
    number = 0
    for step in steps:
        number += not step.startswith("   ")
        yield step if step.startswith("   ") else f"{number}. {step}"


def _asked(field: Field, integration: str) -> str:
    optional = "" if field.required else " (optional)"
    parts = (
        f"   - **{field.label or field.name}**{optional}.",
        field.help,
        f"In the environment: `{field.env(integration)}`.",
    )
    return " ".join(part for part in parts if part)


def _tier(entry: Entry, catalogue: Catalogue) -> Iterator[str]:
    tier = catalogue.tier(entry.tier)
    yield (
        f"Included from **{tier.name}** on. {tier.summary}".rstrip()
        if tier
        else f"Included from **{entry.tier}** on."
    )


def _issues(entry: Entry) -> Iterator[str]:
    for issue in entry.issues:
        codes = f"({', '.join(f'`{code}`' for code in issue.codes)})" if issue.codes else ""
        yield _item(
            issue.symptom, " ".join(part for part in (issue.cause, issue.fix, codes) if part)
        )


def _dependencies(entry: Entry, catalogue: Catalogue) -> Iterator[str]:
    for name in entry.dependencies:
        yield f"- {_link_to(name, catalogue)}, required"
    yield (
        "- Plugin "
        f"`{entry.plugin.name}`{f' {entry.plugin.version}' if entry.plugin.version else ''}"
    )


def _related(entry: Entry, catalogue: Catalogue) -> Iterator[str]:
    links: Iterable[Link] = (*entry.related, *entry.docs)
    for link in links:
        known = ":" not in link.url and not link.url.endswith(".md") and "/" in link.url
        yield (
            "- "
            f"{_link_to(link.url, catalogue) if known else f'[{link.title or link.url}]({link.url})'}"
        )


def _corrections(entry: Entry) -> Iterator[str]:
    for correction in entry.claims_corrected:
        reference = f" ({correction.reference})" if correction.reference else ""
        yield f"- *“{correction.claim}”* {correction.truth}{reference}"


def _item(lead: str, rest: str) -> str:
    return f"- **{lead}.** {rest}".rstrip()


def _link_to(name: str, catalogue: Catalogue) -> str:
    kind, _, entry_id = name.partition("/")
    found = catalogue.find(kind, entry_id)
    return f"[{_title(found)}](../{found.kind}s/{found.id}.md)" if found else f"`{name}`"
