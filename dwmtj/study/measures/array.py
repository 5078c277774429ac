"""Read margin and write window of square arrays whose devices scatter."""

from functools import lru_cache, partial

import numpy as np

from compact_model.device.variation import vary
from compact_model.support.arrays import FloatArray
from crossbar.schemes import MARGINS, SCHEMES
from crossbar.studies.margins import WorstCase, worst_pattern
from crossbar.studies.one_cell import Reading
from crossbar.studies.scattering import scattered_array
from crossbar.wires import Wires
from dwmtj.options.device import Quantity

from ..quantities import Setting
from ..sampling import Batch, redrawn
from .measure import Measure


def _run(batch: Batch) -> dict[str, FloatArray]:
    """Each sample is an array of devices of its own; see `scattered_array`."""
    settings = dict(batch.settings)
    lines = settings.pop("lines")
    wires = Wires.equal(settings.pop("wire_resistance"), driver_resistance=settings.pop("driver_resistance"))
    reading = Reading(scheme=settings.pop("read_scheme"), kind=settings.pop("read_kind"))
    rows = []
    for point, draw in zip(batch.points, batch.generators, strict=True):
        nominal = point.device
        worst = _worst(lines, nominal.parallel_resistance, nominal.antiparallel_resistance, reading, wires)
        cell = worst.word_line, worst.bit_line
        devices = redrawn(partial(vary, nominal, lines * lines, batch.spreads, seed=draw))
        rows.append(scattered_array(devices, worst.background, cell=cell, reading=reading, wires=wires, **settings))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@lru_cache(maxsize=64)
def _worst(lines: int, low: float, high: float, reading: Reading, wires: Wires) -> WorstCase:
    return worst_pattern(lines, low_resistance=low, high_resistance=high, reading=reading, wires=wires, search=False)


ARRAY = Measure(
    name="array",
    help="read margin and write window of a square array, its farthest cell, every device drawn",
    settings=(
        Setting("lines", "word lines, and as many bit lines", whole=True, at_least=1, at_most=4096, default=16),
        Setting("wire_resistance", "of a segment of either kind of line", "Ohm", at_least=0.0, default=1.0),
        Setting("driver_resistance", "of a word line's driver", "Ohm", at_least=0.0, default=0.0),
        Setting("read_scheme", "how the lines that are not read are held", choices=SCHEMES, default="grounded"),
        Setting("read_kind", "which margin", choices=MARGINS, default="current"),
        Setting("write_scheme", "how the lines that are not written are held", choices=SCHEMES, default="V/2"),
    ),
    results=(
        Quantity("read_margin", "read margin", "%", 0.01),
        Quantity("write_window", "write window (disturb over write voltage, less 1)", "%", 0.01),
        Quantity("write_voltage", "write voltage", "V"),
        Quantity("disturb_voltage", "disturb voltage", "V"),
    ),
    run=_run,
    samples_per_part=50,
    beside=("write_window",),
    has_track=False,
    without_effect=(
        "damping",
        "gyromagnetic_ratio",
        "wall_width",
        "tmr_half_voltage",
        "field_like_ratio",
        "field_like_quadratic",
        "torque_density",
        "stray_field",
        "nucleation_current_density",
    ),
)
