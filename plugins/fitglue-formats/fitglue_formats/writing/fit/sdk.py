"""Garmin's SDK, which the extra ``fit-write`` installs: its profile and its encoder."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from fitglue_formats.writing.refusals import library

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The fields of a message by their names in the profile. A field whose value is ``None`` is left
#: out.
Message: TypeAlias = "dict[str, Any]"

#: The numbers of the messages in the profile.
FILE_ID = 0
SPORT = 12
SESSION = 18
LAP = 19
RECORD = 20
EVENT = 21
DEVICE_INFO = 23
ACTIVITY = 34
FILE_CREATOR = 49
HRV = 78
LENGTH = 101
FIELD_DESCRIPTION = 206
DEVELOPER_DATA_ID = 207
SET = 225
EXERCISE_TITLE = 264


def sdk() -> Any:
    """Return the module of the SDK.

    Raises:
        UserMistake: FG-extra-missing if it is not installed.
    """
    return library(
        "garmin_fit_sdk",
        "FIT",
        "fit-write",
    )


@cache
def fields_of(message: int) -> Mapping[str, Mapping[str, Any]]:
    """Return the fields of a message by their names, as the profile describes them."""
    described = sdk().Profile["messages"][message]["fields"]
    return {field["name"]: field for field in described.values()}


@cache
def numbers_of(kind: str) -> Mapping[str, int]:
    """Return the numbers of the names of a type of the profile, such as ``swim_stroke``."""
    names = sdk().Profile["types"].get(kind, {})
    return {name: int(number) for number, name in names.items()}
