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
    known = canonical_sport(word)
    return known if known != "Other" or not word else _by_word().get(_plain(word), "Other")


@cache
def _by_word() -> dict[str, str]:
    words: dict[str, str] = {}
    table = tomllib.loads(
        files("fitglue_files.archives").joinpath("strava_sports.toml").read_text("utf-8")
    )
    for sport, names in table.items():
        for name in names:
            words.setdefault(_plain(name), sport)
    return words


def _plain(word: str) -> str:
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", word).casefold()).strip()
