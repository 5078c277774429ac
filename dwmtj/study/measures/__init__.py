"""The measures of studies: each is one file, and an entry here."""

from .array import ARRAY
from .levels import LEVELS
from .measure import Measure
from .pulse import PULSE
from .retention import RETENTION
from .threshold import THRESHOLD

MEASURES: dict[str, Measure] = {each.name: each for each in (THRESHOLD, LEVELS, RETENTION, PULSE, ARRAY)}
"""Every measure by its name in a study's file."""
