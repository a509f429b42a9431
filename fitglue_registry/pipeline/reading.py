"""The reading of a pipeline from YAML or JSON, with the line and column of every error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import UserMistake
from fitglue_registry.pipeline.conversion import pipeline_of
from fitglue_registry.pipeline.document import SCHEMA, Pipeline
from fitglue_registry.pipeline.flaws import pipeline_flaws
from fitglue_registry.pipeline.writing import document_of
from fitglue_registry.redaction.control_characters import has_control_characters
from fitglue_registry.registry.document import MOST_ERRORS, Document, Style
from fitglue_registry.registry.flaw import Flaw
from fitglue_registry.registry.nodes import MAX_DEPTH
from fitglue_registry.registry.parsing import parse
from fitglue_registry.registry.schemas import schema_flaws

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_registry.errors import EntryInvalid
    from fitglue_registry.validation.violation import KeyPath

#: Dates and times need no quotes here: every date and time of a pipeline is text.
_STYLE = Style("a pipeline", plain_dates=True)
#: Code of an error in an entry → code of the same error in a pipeline. What is not named here is
#: wrong in the YAML itself.
_CODES = {
    "FG-entry-unknown-key": "FG-pipeline-unknown-key",
    "FG-entry-missing-key": "FG-pipeline-missing-key",
    "FG-entry-wrong-type": "FG-pipeline-wrong-value",
    "FG-entry-not-allowed": "FG-pipeline-wrong-value",
    "FG-entry-wrong-form": "FG-pipeline-wrong-value",
}


@dataclass(slots=True)
class Reading:
    """The result of reading one document.

    Attributes:
        document: YAML document, which knows the place of each value.
        pipeline: The pipeline, or ``None`` if the document has errors.
        errors: Errors that were found so far, each with file, line and column.
    """

    document: Document
    pipeline: Pipeline | None = None
    errors: list[UserMistake] = field(default_factory=list)

    def refuse(self, flaw: Flaw) -> None:
        """Add an error at the place of a flaw, unless there are already ``MOST_ERRORS`` of them.

        The services use it for what only they know, such as a connection that does not exist.
        """
        if len(self.errors) < MOST_ERRORS:
            at = self.document.place(flaw.path, key=flaw.at_key)
            self.errors.append(
                UserMistake(
                    _CODES.get(flaw.code, flaw.code),
                    flaw.what,
                    at=at,
                    why=flaw.why,
                    fix=flaw.fix,
                )
            )
        self.pipeline = None

    def refuse_all(self, flaws: Iterable[Flaw]) -> None:
        """Add an error for each flaw, up to ``MOST_ERRORS``."""
        for flaw in islice(flaws, MOST_ERRORS):
            self.refuse(flaw)

    def require(self) -> Pipeline:
        """Return the pipeline.

        Raises:
            UserMistake: If the document has errors; it is the first one.
        """
        if self.pipeline is None:
            raise self.errors[0]
        return self.pipeline


def read_pipeline(text: bytes | str, file: str = "pipeline") -> Reading:
    """Read a pipeline from text.

    Args:
        text: YAML or JSON.
        file: Path of the file, or another name for messages.
    """
    if isinstance(text, str):
        text = text.encode("utf-8", "surrogatepass")
    reading = Reading(parse(text, file, _STYLE))
    reading.errors += map(_not_yaml, reading.document.errors)
    if reading.document.root is None and not reading.errors:
        reading.refuse(_empty())
    _check(reading)
    return reading


def read_mapping(document: Any, name: str = "pipeline") -> Reading:
    """Read a pipeline from plain values, as an application or the store has them.

    Args:
        document: Mapping with the keys of a pipeline.
        name: Name for messages; they have no line.
    """
    reading = Reading(Document(name, document))
    _check(reading)
    return reading


def plain_values(text: bytes, file: str) -> Any:
    """Return the values of a document in YAML or JSON, of which only the form is checked.

    Args:
        text: YAML or JSON.
        file: Path of the file, for messages.

    Raises:
        UserMistake: FG-pipeline-not-yaml; it is the first error.
    """
    document = parse(text, file, _STYLE)
    if document.errors:
        raise _not_yaml(document.errors[0])
    return document.value


def _check(reading: Reading) -> None:
    """Find the errors of a document, or make the pipeline if it has none."""
    # Errors of the YAML itself leave values out, which would look like errors as well.
    if reading.errors:
        return
    document = reading.document.value
    # Plain values can be nested without end, which validators do not survive.
    if depth_of(document, MAX_DEPTH) > MAX_DEPTH:
        reading.refuse(_too_deep())
        return
    if _is_newer(document):
        reading.refuse(_newer(document["schema"]))
        return
    reading.refuse_all(schema_flaws("pipeline", document))
    reading.refuse_all(_control_characters(document))
    if reading.errors:
        return
    reading.refuse_all(pipeline_flaws(document))
    if reading.errors:
        return
    pipeline = pipeline_of(document)
    # What is written has a level more for conditions in one mapping, and it must be readable.
    if depth_of(document_of(pipeline), MAX_DEPTH) > MAX_DEPTH:
        reading.refuse(_too_deep())
        return
    reading.pipeline = pipeline


def depth_of(document: Any, enough: int) -> int:
    """Return the number of levels of a document, as the reader of YAML counts them.

    Args:
        document: Plain value.
        enough: The search ends at the first value that is deeper than this.
    """
    deepest = 0
    todo: list[tuple[int, Any]] = [(1, document)]
    while todo and deepest <= enough:
        depth, value = todo.pop()
        deepest = max(deepest, depth)
        if isinstance(value, Mapping):
            value = value.values()
        elif not isinstance(value, list | tuple):
            continue
        for part in value:
            todo.append((depth + 1, part))
    return deepest


def _control_characters(document: Any) -> Iterator[Flaw]:
    """Yield a flaw for each text with characters that a terminal could interpret."""
    todo: list[tuple[KeyPath, Any]] = [((), document)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, Mapping):
            for key, part in value.items():
                todo.append(((*path, key), key))
                todo.append(((*path, key), part))
        elif isinstance(value, list | tuple):
            for number, part in enumerate(value):
                todo.append(((*path, number), part))
        elif isinstance(value, str) and has_control_characters(value):
            yield Flaw(
                "FG-pipeline-wrong-value",
                path,
                "the text has a control character",
                "a terminal could interpret it",
                "remove it",
            )


def _not_yaml(error: EntryInvalid) -> UserMistake:
    return UserMistake(
        "FG-pipeline-not-yaml",
        error.what,
        at=error.at,
        why=error.why,
        fix=error.fix,
    )


def _empty() -> Flaw:
    return Flaw(
        "FG-pipeline-missing-key",
        (),
        "the file is empty",
        fix="begin with schema, name and destinations",
    )


def _too_deep() -> Flaw:
    return Flaw(
        "FG-pipeline-too-deep",
        ("filter",),
        f"the conditions make the document deeper than {MAX_DEPTH} levels",
        fix="use fewer levels of all, any and not",
    )


def _is_newer(document: Any) -> bool:
    if not isinstance(document, Mapping):
        return False
    schema = document.get("schema")
    # Not isinstance, because True is an int as well.
    return type(schema) is int and schema > SCHEMA


def _newer(schema: int) -> Flaw:
    return Flaw(
        "FG-pipeline-newer",
        ("schema",),
        f"schema {schema} is newer than {SCHEMA}, the newest that this version can read",
        fix="upgrade fitglue-registry",
    )
