"""The elements of the main job: a subject, and parts that each measure, summarise and draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import xarray as xr

from compact_model.device.parameters import DeviceParameters
from compact_model.track.landscape import Landscape, single_well
from compact_model.track.wells import Well

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Subject:
    """A device, and the pinning site for the measurements that need a single one."""

    parameters: DeviceParameters
    coercive_field: float
    half_width: float
    kind: type[Well]

    def site(self, width_factor: float = 1.0) -> Landscape:
        """A track with the one site, wider or narrower by a factor."""
        return single_well(
            self.parameters,
            coercive_field=self.coercive_field,
            half_width=width_factor * self.half_width,
            kind=self.kind,
        )


@dataclass(frozen=True)
class Summary:
    """Key numbers by name, and the same as a sentence."""

    numbers: dict[str, float]
    sentence: str


@dataclass(frozen=True)
class Part:
    """One measurement: its data, its key numbers, and its figure."""

    name: str
    title: str
    measure: Callable[[Subject, bool], xr.Dataset]
    """Takes the subject and whether to show progress."""
    summarise: Callable[[Subject, xr.Dataset], Summary]
    draw: Callable[[xr.Dataset, Figure], None]
    requirement: str = ""
    """'ngspice' or 'scikit-learn', if the part needs it; if it is missing, the report says so and continues."""
