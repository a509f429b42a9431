"""The reason of an opinion of the score, as ``fg_opinions.reason`` has it."""

from __future__ import annotations

import msgspec


class Reason(msgspec.Struct):
    """The reason of an opinion of the score, which is stored as JSON in ``fg_opinions.reason``.

    The names of the fields are the stored keys.

    Attributes:
        probability: The probability that the pair is one workout.
        lines: The evidence: (comparison, level, match weight in bits).
        rule: Why the verdict is lower than the probability suggests, or an empty text.
    """

    probability: float
    lines: list[tuple[str, str, float]]
    rule: str = ""


def reason_of_text(text: str) -> Reason | None:
    """Return the reason in a stored text, or ``None`` if the text is a sentence.

    Plugins and decisions of the athlete give their reasons as sentences.
    """
    if not text.startswith("{"):
        return None
    try:
        return msgspec.json.decode(text, type=Reason)
    except msgspec.DecodeError:
        return None
