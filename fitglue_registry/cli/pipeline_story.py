"""Tells what pipelines did with a workout: what each step said, and where it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.cli import numbers
from fitglue_registry.cli.layout import NEXT_STEP, Hanging, Heading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_registry.cli.layout import Document, Part


def pipeline_stories(stories: Iterable[Document]) -> Iterator[Part]:
    """Yield a section for each pipeline that a workout went through."""
    for story in stories:
        yield ""
        yield Heading(f"pipeline {story['pipeline']}", _standing(story))
        for step in story["steps"]:
            yield Hanging("·", f"{step['step']}: {step['outcome']}, {step['what']}")
        for delivery in story["deliveries"]:
            yield from _delivery(delivery)


def _standing(story: Document) -> str:
    if not story["waiting"]:
        return f"decided {numbers.moment(story['at'])}" if story.get("at") else ""
    if story.get("due_at"):
        return f"waits until {numbers.soon(story['due_at'])} at most"
    return "waits for the next run"


def _delivery(delivery: Document) -> Iterator[Part]:
    """Yield the log of a delivery, and the address at which the workout is."""
    yield f"  to {delivery['destination']}, delivery {delivery['id']}"
    for line in delivery.get("log", ()):
        text = f"{numbers.moment(line['at'])}  {line['state']}: {line['what']}"
        yield Hanging("·", text, indent=4)
    if delivery.get("url"):
        yield Hanging(NEXT_STEP, delivery["url"], indent=4)
    if delivery["needs_you"]:
        step = f"look whether it is there: fitglue deliveries show {delivery['id']}"
        yield Hanging(NEXT_STEP, step, indent=4)
