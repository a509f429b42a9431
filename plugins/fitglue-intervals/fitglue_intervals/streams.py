"""Decodes streams straight to columns: a fast road for plain numbers, a slow one for everything
else, with one result.
"""

from __future__ import annotations

import json
import math
import random
import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import simdjson

from fitglue_intervals.reading import BOM, clean_text, contract, is_not_a_number, whole_number
from fitglue_registry.model import STREAM_UNITS, Column, Stream

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: The API's name → ours, where they differ; ``fixed_`` and ``raw_`` variants keep their own.
RENAMED = {"velocity_smooth": "velocity", "temp": "temperature", "grade_smooth": "grade"}

Samples: TypeAlias = "memoryview[float] | list[Any]"


@dataclass(frozen=True, slots=True)
class _Channel:
    outline: dict[str, Any]  # every key but the samples
    data: Samples | None
    data2: Samples | None


def decode_streams(content: bytes) -> tuple[tuple[Stream, ...], dict[str, str]]:
    """The streams of an answer, and of what was left out the reason, by ``streams`` or
    ``streams.TYPE``.

    A broken channel costs that channel; a broken answer, or one without times, costs all of them
    and never the record.
    """
    content = content.removeprefix(BOM)
    try:
        channels = read_fast(content)
    # NaN, numbers beyond 64 bits, lone surrogates, nesting: all of it is allowed.
    except (ValueError, RuntimeError, TypeError):
        try:
            channels = read_slowly(content)
        except (ValueError, RecursionError) as error:
            return (), {"streams": f"the answer cannot be read: {clean_text(str(error))[:200]}"}
    violations = contract("streams").violations([_placeholder(channel) for channel in channels])
    if violations:
        return (), {"streams": f"the answer is not a list of streams: {violations[0].message}"}
    return _columns(channels)


def read_fast(content: bytes) -> list[_Channel]:
    """The channels through simdjson, 57,000 samples in about a millisecond; raises where only the
    slow road is safe.

    simdjson hands over arrays of numbers and nothing else: a null would make a Python object of
    each of the thousands around it. So gaps are read as a number that nothing measures. Where fewer
    of it are found than there were nulls, that was not safe: a text said so, or there was one deep
    in something. Then the content is read as it is.
    """
    filled, nulls = _NULL.subn(_GAP, content)
    if nulls:
        reading = _Reading(with_gaps=True)
        channels = reading.channels(filled)
        if reading.gaps == nulls:
            return channels
    return _Reading(with_gaps=False).channels(content)


_NULL = re.compile(b"null")
#: Stands for a null: a number that nothing measures, and that nobody can have written on purpose.
_GAP = b"-%de302" % random.randrange(100_000, 1_000_000)
_GAP_VALUE = float(_GAP)


class _Reading:
    """One reading of an answer; ``gaps`` are those that were found, where they were written as
    numbers.
    """

    def __init__(self, *, with_gaps: bool) -> None:
        self._with_gaps = with_gaps
        self.gaps = 0

    def channels(self, content: bytes) -> list[_Channel]:
        """As ``read_fast``.

        ``as_buffer`` flattens nested lists without a word. A list whose first item is a list is
        taken item by item, and in the end the opening brackets of the text must be those that were
        accounted for: one more, and something was flattened.
        """
        document = simdjson.Parser().parse(content)
        if not isinstance(document, simdjson.Array):
            raise TypeError("not a list")
        channels, brackets = [], 1
        for item in document:
            if not isinstance(item, simdjson.Object):
                raise TypeError("not a list of streams")
            outline: dict[str, Any] = {}
            samples: dict[str, Samples | None] = {"data": None, "data2": None}
            keys = list(item.keys())
            if len(keys) != len(set(keys)):
                raise ValueError("a key twice, of which the two roads would take different ones")
            for key in keys:
                value = item[key]  # not items(): that would make a Python list of every array
                if key in samples and isinstance(value, simdjson.Array):
                    samples[key] = self._samples(value)
                    brackets += _brackets(samples[key])
                elif isinstance(value, simdjson.Array | simdjson.Object):
                    brackets += _brackets(
                        value.as_list() if isinstance(value, simdjson.Array) else value.as_dict()
                    )
                else:
                    outline[key] = self._or_none(value)
            channels.append(_Channel(outline, samples["data"], samples["data2"]))
        if content.count(b"[") != brackets:
            raise ValueError("lists among numbers")
        return channels

    def _samples(self, values: Any) -> Samples:
        if len(values) == 0 or not isinstance(values[0], simdjson.Array):
            try:
                return self._doubles(values.as_buffer(of_type="d"))
            except TypeError:  # a null, a boolean or a text among them
                pass
        listed: list[Any] = values.as_list()
        return [self._or_none(value) for value in listed] if self._with_gaps else listed

    def _doubles(self, buffer: Any) -> memoryview[float]:
        """The doubles with the gaps among them as NaN."""
        import numpy as np

        doubles = np.frombuffer(buffer, dtype=np.float64)
        if self._with_gaps and doubles.min(initial=0.0) == _GAP_VALUE:
            gaps = doubles == _GAP_VALUE
            self.gaps += int(np.count_nonzero(gaps))
            doubles = np.where(gaps, np.nan, doubles)
        return memoryview(doubles.data).cast("B").cast("d")

    def _or_none(self, value: Any) -> Any:
        if not self._with_gaps or value != _GAP_VALUE:
            return value
        self.gaps += 1
        return None


def _brackets(value: Any) -> int:
    """How many opening brackets the text of a value has for its lists; one in a text is one more,
    and so is one that was flattened.
    """
    if isinstance(value, memoryview):
        return 1
    found, level = 0, [value]
    while level:
        found += sum(isinstance(one, list) for one in level)
        level = [
            one
            for outer in level
            for one in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(one, list | dict)
        ]
    return found


def read_slowly(content: bytes) -> list[_Channel]:
    """The channels through the standard library, which takes NaN and everything else; raises
    ``ValueError``.
    """
    document = json.loads(content.decode("utf-8", "replace"), parse_int=whole_number)
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        raise ValueError("it is not a list of streams")
    return [
        _Channel(
            {key: value for key, value in item.items() if not isinstance(value, list | dict)},
            *(
                value if isinstance(value := item.get(key), list) else None
                for key in ("data", "data2")
            ),
        )
        for item in document
    ]


def _placeholder(channel: _Channel) -> dict[str, Any]:
    """A channel without its samples, for the schema."""
    # NaN is no JSON.
    outline = {key: value for key, value in channel.outline.items() if value == value}
    return {
        key: clean_text(value) if isinstance(value, str) else value
        for key, value in outline.items()
    }


def _columns(channels: list[_Channel]) -> tuple[tuple[Stream, ...], dict[str, str]]:
    if not channels:
        return (), {"streams": "the source has no samples of this activity"}
    streams: dict[str, Stream] = {}
    missing: dict[str, str] = {}
    for channel in channels:
        raw_type = clean_text(channel.outline["type"])
        stream = _stream(raw_type, channel)
        if isinstance(stream, str):
            missing[f"streams.{raw_type}"] = stream
        elif streams.setdefault(stream.type, stream) is not stream:
            missing[f"streams.{raw_type}"] = f"there is another stream called {stream.type}"
    times = streams.get("time")
    if times is None or times.values.width != 1 or _gaps(times.values).any():
        return (), {
            "streams": "there is no time stream without gaps, so no sample has a moment",
            **missing,
        }
    for name, stream in list(streams.items()):
        if len(stream.values) != len(times.values):
            missing[f"streams.{name}"] = (
                f"{len(stream.values)} samples, yet {len(times.values)} times"
            )
            del streams[name]
    return tuple(streams.values()), missing


def _stream(raw_type: str, channel: _Channel) -> Stream | str:
    """One stream, or the reason why there is none."""
    if channel.outline.get("allNull") is True or channel.data is None:
        return "the source has no value in it"
    try:
        column = _column(raw_type, channel.data, channel.data2)
    except (ValueError, TypeError) as error:
        return clean_text(str(error))[:200]
    if len(column) and _is_empty(column):
        return "the source has no value in it"
    custom, name = channel.outline.get("custom") is True, channel.outline.get("name")
    kind = raw_type if custom else RENAMED.get(raw_type, raw_type)
    return Stream(
        kind,
        column,
        unit=None if custom else STREAM_UNITS.get(kind),
        name=clean_text(name) if name else None,
        raw_type=raw_type if raw_type != kind else None,
        custom=custom,
    )


def _gaps(column: Column) -> NDArray[np.bool_]:
    """Which of the doubles of a column are none."""
    import numpy as np

    return np.isnan(np.frombuffer(column.doubles, dtype=np.float64))


def _is_empty(column: Column) -> bool:
    """Whether a column of samples holds gaps alone; nearly always the first one tells."""
    if column.lengths is not None:
        return max(column.lengths) < 0
    return math.isnan(column.doubles[0]) and bool(_gaps(column).all())


def _column(raw_type: str, data: Samples, data2: Samples | None) -> Column:
    if data2 is not None and len(data2):
        return _pairs(data, data2)
    if isinstance(data, list) and list in set(map(type, data)):
        return _lists(raw_type, data)
    return Column(_doubles(data))


def _lists(raw_type: str, data: list[Any]) -> Column:
    import numpy as np

    if raw_type != "latlng" and set(map(type, data)) <= {list, type(None)}:
        flat = list(chain.from_iterable(sample for sample in data if sample))
        if _NUMBERS.issuperset(map(type, flat)):
            doubles = np.array(flat, dtype=np.float64)
            if np.isfinite(doubles).all():
                return Column(
                    doubles.data,
                    0,
                    tuple([-1 if sample is None else len(sample) for sample in data]),
                )
    lists = [
        None if sample is None else _numbers(sample if isinstance(sample, list) else [sample])
        for sample in data
    ]
    if raw_type == "latlng":
        pairs = [(None, None) if pair is None or len(pair) != 2 else pair for pair in lists]
        return Column.pairs([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    return Column.lists(
        [
            None if sample is None else [value for value in sample if value is not None]
            for sample in lists
        ]
    )


def _pairs(data: Samples, data2: Samples) -> Column:
    import numpy as np

    ones, twos = _doubles(data), _doubles(data2)
    if len(ones) != len(twos):
        raise ValueError(f"pairs need two columns of one length, not {len(ones)} and {len(twos)}")
    pairs = np.column_stack((ones, twos))
    pairs[np.isnan(pairs).any(axis=1)] = np.nan  # a pair with one half missing is a gap whole
    return Column(pairs.reshape(-1).data, width=2)


#: ``bool`` is not among them: it is a number too, and the careful road knows.
_NUMBERS = frozenset({int, float})
_PLAIN = _NUMBERS | {type(None)}


def _doubles(samples: Samples) -> memoryview[float]:
    """The samples as doubles, a gap as NaN.

    Numbers with some gaps, as nearly always, are not looked at one by one.
    """
    import numpy as np

    if isinstance(samples, memoryview):
        return samples
    if _PLAIN.issuperset(map(type, samples)):
        try:
            doubles = np.array(samples, dtype=np.float64)
        except OverflowError:  # an integer beyond all doubles
            doubles = None
        if doubles is not None and not np.isinf(doubles).any():
            return memoryview(doubles.data).cast("B").cast("d")
    return memoryview(np.array(_numbers(samples), dtype=np.float64).data).cast("B").cast("d")


def _numbers(samples: list[Any]) -> list[float | None]:
    return [_number(sample) for sample in samples]


def _number(sample: Any) -> float | None:
    if sample is None or is_not_a_number(sample):
        return None
    # A boolean is an int, and that is right: moving is 0 or 1.
    if not isinstance(sample, int | float):
        raise ValueError("a sample is no number")  # noqa: TRY004 - the source is wrong, not our caller
    try:
        number = float(sample)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
