"""The canonical sport for the name that Strava gives it in some language."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files

from fitglue_registry.model import canonical_sport


def sport_of(word: str | None) -> str:
    """Return our sport for Strava's name of it in any language, or ``Other`` if the name is
    unknown.
    """
    sport = canonical_sport(word)
    if sport != "Other" or not word:
        return sport
    return _by_word().get(_plain(word), "Other")


@cache
def _by_word() -> dict[str, str]:
    """Return the table of names, read once in each process."""
    file = files("fitglue_files.archives").joinpath("strava_sports.toml")
    sports: dict[str, str] = {}
    for sport, words in tomllib.loads(file.read_text("utf-8")).items():
        for word in words:
            sports.setdefault(_plain(word), sport)
    return sports


def _plain(word: str) -> str:
    """Return a name without case, punctuation and repeated blanks, to compare it."""
    folded = unicodedata.normalize("NFKC", word).casefold()
    return re.sub(r"[\W_]+", " ", folded).strip()
