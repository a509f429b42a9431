"""Sports that a source names and that the model does not have, such as underwater hockey.

They have the sport ``Other``, like a workout whose sport nobody stated. The two differ in the
provenance: what a source names is an answer, and another source does not know better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.model.activity import Provenance

if TYPE_CHECKING:
    from fitglue_registry.model.activity import SourceActivity

UNLISTED_SPORT = Provenance("reported", note="the model has no sport for the word of the source")
"""The provenance of ``sport`` if it is ``Other`` and ``sport_raw`` names the sport."""


def names_unlisted_sport(activity: SourceActivity) -> bool:
    """Return whether a workout has the sport ``Other`` because its source names another sport.

    Args:
        activity: The workout. A source whose words for sports are translated cannot tell an unknown
            sport from an unknown translation, so it leaves the provenance out.
    """
    origin = activity.provenance.get("sport")
    return activity.sport == "Other" and origin is not None and origin.how == "reported"
