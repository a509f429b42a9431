"""Says which pipelines an activity went through, what each step said, and where it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.model.stored import OfferState
from fitglue_registry.services.pipelines.deliveries import views_of
from fitglue_registry.store.deliveries import deliveries_of_activity
from fitglue_registry.store.offers import offers_of_activity
from fitglue_registry.store.pipelines import names_of_pipelines

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection as Db

    Plain = dict[str, Any]


def pipelines_about(db: Db, activity_id: str) -> list[Plain]:
    """Return what pipelines did with an activity, one mapping for each pipeline.

    ``pipeline`` is its name, ``waiting`` whether the activity waits, until ``due_at``, ``steps``
    what each step said when it was decided ``at``, and ``deliveries`` what was sent, with its log.

    Args:
        db: A transaction.
        activity_id: The activity.
    """
    stories: dict[str, Plain] = {}
    offers = offers_of_activity(db, activity_id)
    names = names_of_pipelines(db, [offer.pipeline_id for offer in offers])
    for offer in offers:
        name = names[offer.pipeline_id]
        stories[name] = {
            "pipeline": name,
            "waiting": offer.state == OfferState.WAITING,
            "due_at": offer.due_at,
            "asked_by": offer.asked_by,
            "at": offer.at,
            "steps": [dict(step) for step in offer.steps],
            "deliveries": [],
        }
    for view in views_of(db, deliveries_of_activity(db, activity_id), with_log=True):
        # The offers of a pipeline that was deleted are deleted with it.
        story = stories.setdefault(
            view.pipeline,
            {"pipeline": view.pipeline, "waiting": False, "steps": [], "deliveries": []},
        )
        story["deliveries"].append(view.as_dict())
    return list(stories.values())
