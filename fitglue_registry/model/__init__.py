"""The data model: activities, streams, sports and claims as plain typed values.

This package knows nothing of HTTP, SQL or plugins.
"""

from fitglue_registry.model.absence import ABSENT, gives_way, is_doubtful_zero
from fitglue_registry.model.activity import (
    BY_THE_ATHLETE,
    MODEL_VERSION,
    Completeness,
    Provenance,
    SourceActivity,
    Stub,
)
from fitglue_registry.model.averages import (
    AVERAGE_SPEED,
    COMPUTED_SPEED,
    computed_speed,
    speed_for,
    speed_of,
    with_average_speed,
)
from fitglue_registry.model.claims import claim, delivery_claim, delivery_serial, split_claim
from fitglue_registry.model.column import Column
from fitglue_registry.model.consistency import consistent
from fitglue_registry.model.crops import (
    CROP,
    CROPPED_FIELDS,
    NOT_MEASURED,
    Crop,
    all_cropped,
    apply_crop,
    crop_in_force,
    crop_of,
    is_cropped,
    undo_crop,
    with_crop,
)
from fitglue_registry.model.cutting import Extent, cut_laps, cut_streams, moved_streams
from fitglue_registry.model.details import (
    Device,
    Gear,
    Lap,
    Link,
    Location,
    RaceSegment,
    StrengthSet,
    TimeMarker,
    TrainingLoad,
    WorkoutDefinition,
    WorkoutStep,
)
from fitglue_registry.model.document import decode, document_schema, encode, to_builtins
from fitglue_registry.model.invalid import without_invalid
from fitglue_registry.model.long_texts import cut_text, without_long_texts
from fitglue_registry.model.problems import problems
from fitglue_registry.model.sports import SPORTS, canonical_sport, family
from fitglue_registry.model.streams import STREAM_UNITS, Stream
from fitglue_registry.model.unlisted_sports import UNLISTED_SPORT, names_unlisted_sport

__all__ = [
    "ABSENT",
    "AVERAGE_SPEED",
    "BY_THE_ATHLETE",
    "COMPUTED_SPEED",
    "CROP",
    "CROPPED_FIELDS",
    "MODEL_VERSION",
    "NOT_MEASURED",
    "SPORTS",
    "STREAM_UNITS",
    "UNLISTED_SPORT",
    "Column",
    "Completeness",
    "Crop",
    "Device",
    "Extent",
    "Gear",
    "Lap",
    "Link",
    "Location",
    "Provenance",
    "RaceSegment",
    "SourceActivity",
    "Stream",
    "StrengthSet",
    "Stub",
    "TimeMarker",
    "TrainingLoad",
    "WorkoutDefinition",
    "WorkoutStep",
    "all_cropped",
    "apply_crop",
    "canonical_sport",
    "claim",
    "computed_speed",
    "consistent",
    "crop_in_force",
    "crop_of",
    "cut_laps",
    "cut_streams",
    "cut_text",
    "decode",
    "delivery_claim",
    "delivery_serial",
    "document_schema",
    "encode",
    "family",
    "gives_way",
    "is_cropped",
    "is_doubtful_zero",
    "moved_streams",
    "names_unlisted_sport",
    "problems",
    "speed_for",
    "speed_of",
    "split_claim",
    "to_builtins",
    "undo_crop",
    "with_average_speed",
    "with_crop",
    "without_invalid",
    "without_long_texts",
]
