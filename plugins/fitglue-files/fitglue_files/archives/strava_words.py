"""The canonical sport of a word that Strava has for it in some language."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files

from fitglue_registry.model import canonical_sport


def sport_of(word: str | None) -> str:
    """The canonical sport of Strava's word for it, in any language; ``Other`` where it is not
    known.
    """
    sport = canonical_sport(word)
    if sport != "Other" or not word:
        return sport
    return _by_word().get(_plain(word), "Other")


@cache
def _by_word() -> dict[str, str]:
    file = files("fitglue_files.archives").joinpath("strava_sports.toml")
    sports: dict[str, str] = {}
    for sport, words in tomllib.loads(file.read_text("utf-8")).items():
        for word in words:
            sports.setdefault(_plain(word), sport)
    return sports


def _plain(word: str) -> str:
    folded = unicodedata.normalize("NFKC", word).casefold()
    return re.sub(r"[\W_]+", " ", folded).strip()
