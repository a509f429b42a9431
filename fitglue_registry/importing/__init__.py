"""From a path that somebody typed to activities: what it is, whose it is, what is new in it, and
watching it from then on.
"""

from fitglue_registry.importing.bringing import bring_in
from fitglue_registry.importing.ears import Timing
from fitglue_registry.importing.recognizing import Recognition, recognize
from fitglue_registry.importing.watching import watch

__all__ = ["Recognition", "Timing", "bring_in", "recognize", "watch"]
