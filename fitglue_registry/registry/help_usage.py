"""The sections of a help article about synchronization and set-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.model.stored import PartName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.registry.auth import OAuth2
    from fitglue_registry.registry.catalogue import Catalogue
    from fitglue_registry.registry.entry import Closed, Delay, Entry, EntryPart, Field

#: Name of a part → its name in an article.
_PARTS = {
    PartName.SUMMARY: "summary",
    PartName.DETAIL: "details",
    PartName.STREAMS: "samples over time",
    PartName.FILE: "original file",
}


# -- how workouts arrive ---------------------------------------------------------------------------


def sync_mechanism(entry: Entry) -> Iterator[str]:
    """Yield the lines that explain how the records of a source are listed and fetched.

    The section is empty for an entry that is not a source.
    """
    if entry.kind != "source":
        return
    yield _mode(entry)
    if entry.sync.deletions:
        yield "Workouts that are deleted at the source are marked as deleted."
    else:
        yield "A workout that is no longer found there is kept."
    if entry.sync.note:
        yield entry.sync.note
    if entry.capabilities.history:
        yield f"History: {entry.capabilities.history}"
    yield ""
    for part in entry.parts:
        name = _PARTS[part.name].capitalize()
        yield f"- {name}: {_delivery(part)}{_again(entry, part)}."
    yield from _delay(entry.sync.delay)


def _mode(entry: Entry) -> str:
    if entry.sync.mode == "push":
        return f"{entry.name} notifies FitGlue of new workouts."
    if entry.sync.mode == "manual":
        return "Workouts arrive when you add them by hand."
    if entry.sync.mode == "file":
        return "Each sync looks through all files and imports those whose content is new."
    walk = ""
    if entry.sync.full_walk_days:
        walk = f"; every {entry.sync.full_walk_days} days it lists the complete history"
    looks = f"looks back {entry.sync.overlap_days} days"
    if entry.sync.by_change:
        looks = "asks for what has changed"
    return (
        f"FitGlue asks {entry.name} for new workouts. Each sync {looks}, so late uploads and edits "
        f"arrive{walk}."
    )


def _delivery(part: EntryPart) -> str:
    if part.comes_from == "list":
        return "comes with the list"
    delivery = "fetched one at a time"
    if part.bulk > 1:
        delivery = f"fetched in batches of {part.bulk}"
    if part.default:
        return (
            f"{delivery}, except with the setting `{part.option}=no`" if part.option else delivery
        )
    if part.option:
        return f"{delivery}, only with the setting `{part.option}=yes`"
    return f"{delivery}, only on request"


def _again(entry: Entry, part: EntryPart) -> str:
    """Return what follows the delivery of a part, if it is fetched once a day for some days."""
    days = entry.sync.fetch_again_days.get(part.name)
    if days is None:
        return ""
    since = "yesterday and today" if days == 1 else f"the last {days} days"
    return (
        f". Because the list does not show every edit of them, the first sync of each day (UTC) "
        f"fetches those of {since} again, with one request for each workout"
    )


def _delay(delay: Delay) -> Iterator[str]:
    if not delay.hops:
        return
    usual = ""
    if delay.expected_min:
        usual = f"; {delay.expected_min} minutes in total are usual, but not guaranteed"
    yield ""
    yield (
        f"The path of a workout: {' → '.join(delay.hops)}. Each sync measures the delay of each "
        f"hop{usual}."
    )


# -- how an account is connected -------------------------------------------------------------------


def setup(entry: Entry, catalogue: Catalogue) -> Iterator[str]:
    """Yield the commands to type as a numbered list, or the alternatives of a closed service."""
    if entry.closed:
        yield from _alternatives(entry, entry.closed)
        return
    plugin = entry.plugin.name
    # Markdown numbers the items itself, but the text is also read without a renderer.
    yield f"1. Run `fitglue plugin install {plugin}`, unless `fitglue plugin list` shows it."
    number = 2
    integration = catalogue.find("integration", entry.integration) if entry.integration else None
    if integration:
        yield from _connecting(number, integration)
        number += 1
    only_sends = integration is not None and not _has_source(integration, catalogue)
    if only_sends:
        yield f"{number}. Run `fitglue pipeline new`, and choose it as a destination."
    elif entry.kind in ("integration", "source"):
        yield f"{number}. Run `fitglue sync`, and again whenever you want new workouts."


def _has_source(integration: Entry, catalogue: Catalogue) -> bool:
    sources = catalogue.entries("source")
    return any(source.integration == integration.id for source in sources)


def _alternatives(entry: Entry, closed: Closed) -> Iterator[str]:
    yield (
        f"Accounts cannot be connected. {closed.why} `fitglue connect {entry.id}` lists the "
        "alternatives:"
    )
    yield ""
    for alternative in closed.alternatives:
        steps = f"{alternative.how} Then run `{alternative.command}`."
        yield f"- **{alternative.name}**: {alternative.brings}. {steps}"


def _connecting(number: int, integration: Entry) -> Iterator[str]:
    asked = [*integration.credentials, *integration.settings]
    oauth = integration.http.auth.oauth2 if integration.http else None
    end = ", which asks for:" if asked or oauth else "."
    yield f"{number}. Run `fitglue connect {integration.id}`{end}"
    for field in asked:
        yield _asked(field, integration.id)
    if oauth is not None:
        yield from _permission(integration, oauth)


def _permission(integration: Entry, oauth: OAuth2) -> Iterator[str]:
    name = f"FITGLUE_{integration.id}_CLIENT".upper().replace("-", "_")
    app = " ".join(filter(None, ("An app that you register at the service.", oauth.app_help)))
    variables = f"`{name}_ID`"
    if oauth.client != "none":
        variables += f" and `{name}_SECRET`"
    yield f"   - **App**. {app} It is asked for once. Environment variables: {variables}."
    yield (
        "   - **Permission**. It opens a browser, in which you sign in and give FitGlue your "
        "permission. With `--no-browser`, you paste an address instead."
    )
    for scope in oauth.scopes:
        if scope.without:
            yield f"   - **Without the permission `{scope.name}`**: {scope.without}"
        else:
            yield f"   - **The permission `{scope.name}`**."


def _asked(field: Field, integration: str) -> str:
    name = field.label or field.name
    optional = "" if field.needed else " (optional)"
    sentences = [f"   - **{name}**{optional}."]
    if field.help:
        sentences.append(field.help)
    sentences.append(f"Environment variable: `{field.env(integration)}`.")
    return " ".join(sentences)
