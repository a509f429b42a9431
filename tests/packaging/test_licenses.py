"""Every library that a user installs with FitGlue has a license that is known and allowed."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest
from packaging.requirements import Requirement

OURS = (
    "fitglue-registry",
    "fitglue-formats",
    "fitglue-files",
    "fitglue-intervals",
    "fitglue-garmin",
    "fitglue-boosters",
    "fitglue-destinations",
)
#: Extras that are for people who develop FitGlue, and not for those who use it.
FOR_DEVELOPERS = {"dev", "testing"}
_TEXT = 300
ALLOWED = re.compile(
    # The first words of the MIT license, which some libraries contain instead of naming it.
    r"(Permission is hereby granted, free of charge)|"
    r"\b(MIT|BSD|Apache|Python Software Foundation|PSF|ISC|MPL|Mozilla|Zlib|Unlicense|0BSD)\b",
    re.IGNORECASE,
)
#: Libraries with another license, each with the reason why that is no problem.
NAMED = {
    "garmin-fit-sdk": (
        "FIT Protocol License: free to use and to pass on with a product that reads or writes FIT "
        "files. It is no open-source license, so it is only in the extra fit-write."
    ),
    "pebble": "LGPL-3: used unchanged as a library.",
    "psycopg": "LGPL-3: used unchanged as a library, and only in the extra postgresql.",
    "psycopg-binary": "LGPL-3: as psycopg.",
}


def required() -> dict[str, Distribution]:
    """Return the distributions that ours need, directly or not, as far as they are installed."""
    found: dict[str, Distribution] = {}
    waiting = list(OURS)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:  # of an extra, or of another system
            continue
        for line in found[name].requires or []:
            requirement = Requirement(line)
            if _is_used(requirement, with_extras=name in OURS):
                waiting.append(requirement.name.lower().replace("_", "-"))
    return {name: dist for name, dist in found.items() if name not in OURS}


def _is_used(requirement: Requirement, *, with_extras: bool) -> bool:
    extra = re.search(r"extra == ['\"]([\w-]+)", str(requirement.marker or ""))
    if extra is None:
        return requirement.marker is None or requirement.marker.evaluate()
    return with_extras and extra.group(1) not in FOR_DEVELOPERS


def license_of(dist: Distribution) -> str:
    """Return what a distribution states about its license, else the beginning of its text."""
    metadata = dist.metadata
    stated = [metadata.get("License-Expression"), (metadata.get("License") or "")[:_TEXT]]
    classifiers = metadata.get_all("Classifier") or []
    stated += [text for text in classifiers if text.startswith("License ::")]
    if not any(stated):
        stated = [_text(dist)]
    return " ".join(" ".join(filter(None, stated)).split())


def _text(dist: Distribution) -> str:
    for file in dist.files or []:
        if "LICENSE" in file.name.upper() and ".dist-info" in str(file):
            return file.read_text(encoding="utf-8")[:_TEXT]
    return ""


@pytest.mark.parametrize("name", sorted(required()))
def test_the_license_is_allowed(name):
    """A library has one of the usual open-source licenses, or is named with the reason."""
    stated = license_of(required()[name])
    assert ALLOWED.search(stated) or name in NAMED, f"{name}: {stated or 'no license stated'}"


def test_what_is_named_is_used():
    """The list has no library that nothing needs any more, and none that needs no reason."""
    used = required()
    for name in NAMED:
        if name in used:
            assert not ALLOWED.search(license_of(used[name])), name
    assert "garmin-fit-sdk" in used


def test_a_license_that_is_not_open_is_only_in_an_extra():
    """Nobody gets Garmin's SDK without asking for it."""
    needed = [Requirement(line) for line in distribution("fitglue-formats").requires or []]
    [sdk] = [requirement for requirement in needed if requirement.name == "garmin-fit-sdk"]
    assert str(sdk.marker) == 'extra == "fit-write"'
