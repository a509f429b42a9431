"""Explains what became of a workout, stage by stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.services.closed_services import fix_with_other_ways
from fitglue_registry.sync.why import explain

if TYPE_CHECKING:
    from fitglue_registry.workspace import Workspace


def why(workspace: Workspace, reference: str, athlete: str) -> dict[str, Any]:
    """The story of a workout, stage by stage, also where it stopped or never came."""
    with workspace.database.read() as db:
        story = explain(db, athlete, reference)
    if story["activity"] or not story["records"]:
        return story
    reason = story["records"][0]["reason"]
    if reason:
        fix = fix_with_other_ways(workspace.catalogue, reason.get("code"), story["fix"])
        story["fix"] = fix
    return story
