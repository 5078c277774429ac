"""Accuracy of vector-matrix products on arrays with wires, converters and a finite number of levels."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from compact_model.support import validation
from compact_model.support.progress import Progress
from compact_model.support.provenance import provenance
from compact_model.support.random import Seed, generator, recorded

from ..crossbar import Crossbar
from ..faults.faults import FaultRates, Faults
from ..read_out.converters import Adc, Dac
from ..read_out.weight_mapping import WeightMapping
from ..vector_matrix import map_weights
from ..wires import Wires

_OPEN = 1e-90  # S, of a level at which a device does not conduct


def product_accuracy(
    sizes: Sequence[int],
    wire_resistance: ArrayLike,
    levels: ArrayLike,
    *,
    vectors: int = 16,
    repeats: int = 4,
    read_voltage: float = 0.05,
    mapping: WeightMapping | None = None,
    dac: Dac | None = None,
    adc: Adc | None = None,
    faults: Faults | FaultRates | None = None,
    read_noise: float = 0.0,
    seed: Seed = 0,
    progress: bool = False,
) -> xr.Dataset:
    """Relative errors of products of random weights and inputs, against size and wires.

    sizes: numbers of inputs; there are half as many outputs, each by default a pair of bit lines.  wire_resistance: Ohm
    per segment, of both kinds of lines.  levels: conductances of a device, S (`device_levels`).
    mapping: how weights are stored; None: differential pairs.  dac, adc: the converters; None: ideal ones.  An ADC
    without a full scale is calibrated for each array, on other vectors than those of the test.
    Weights and inputs are uniform from -1 to 1, drawn with the seed.
    faults: of the arrays, drawn anew in each repeat if given as FaultRates;
    the weights are stored as if there were none.  read_noise: standard deviation of the current of a bit line in each
    cycle, relative to that of one device at its highest level and the read voltage.  The errors of both count with that
    of the wires, so that the wire_error at 0 Ohm is that of faults and noise alone.

    Returns a Dataset over (size, wire_resistance, repeat): wire_error and total_error, the norm of the error relative
    to that of the exact product, for the stored and for the wanted weights, both including the converters; and
    level_error over (size, repeat), the error due to the levels alone.
    """
    counts = validation.sizes("sizes", sizes, 2)
    segments = validation.distinct("wire_resistance", wire_resistance)
    trials, inputs = validation.whole("repeats", repeats, 1), validation.whole("vectors", vectors, 1)
    states = validation.numbers("levels", levels)
    if adc is not None:
        validation.instance("adc", adc, Adc)
    noise = validation.non_negative("read_noise", read_noise) * validation.positive("read_voltage", read_voltage)
    origin = recorded(seed)
    draw = generator(seed)
    lowest, highest = (max(float(each), _OPEN) for each in (states.min(), states.max()))
    wire_error = np.empty((len(counts), segments.size, trials))
    total_error = np.empty_like(wire_error)
    level_error = np.empty((len(counts), trials))
    with Progress(progress, "products").bar(wire_error.size, "array") as advance:
        for row, size in enumerate(counts):
            for trial in range(trials):
                weights = draw.uniform(-1.0, 1.0, (size, max(1, size // 2)))
                given = draw.uniform(-1.0, 1.0, (inputs, size))
                mapped = map_weights(weights, states, mapping)
                wanted, stored = given @ weights, given @ mapped.stored
                made = Wires(faults=faults).with_new_faults(draw).between(1.0 / highest, 1.0 / lowest)
                of_noise = draw.spawn(1)[0]  # keeps weights and inputs the same as without noise
                samples = None if adc is None or adc.full_scale is not None else draw.uniform(-1.0, 1.0, given.shape)
                level_error[row, trial] = np.linalg.norm(stored - wanted) / np.linalg.norm(wanted)
                for column, segment in enumerate(segments.tolist()):
                    lines = Wires.equal(segment, faults=made.faults)
                    array = Crossbar(conductance=mapped.conductance, **lines.keywords())
                    reading = adc
                    if adc is not None and samples is not None:
                        reading = mapped.calibrate(adc, array, samples, read_voltage, dac=dac)
                    found = mapped.multiply(
                        array, given, read_voltage, dac=dac, adc=reading, noise=noise * highest, seed=of_noise
                    )
                    product = found["product"].values
                    wire_error[row, column, trial] = np.linalg.norm(product - stored) / np.linalg.norm(stored)
                    total_error[row, column, trial] = np.linalg.norm(product - wanted) / np.linalg.norm(wanted)
                    advance(1)
    dims = ("size", "wire_resistance", "repeat")
    return xr.Dataset(
        {
            "wire_error": (dims, wire_error, {"long_name": "error by wires and converters"}),
            "total_error": (dims, total_error, {"long_name": "error by wires, converters and levels"}),
            "level_error": (("size", "repeat"), level_error, {"long_name": "error by the levels"}),
        },
        coords={
            "size": ("size", counts, {"long_name": "inputs"}),
            "wire_resistance": ("wire_resistance", segments, {"long_name": "segment resistance", "units": "Ohm"}),
        },
        attrs={
            "experiment": "product_accuracy",
            "levels": int(np.unique(states).size),
            "mapping": repr(WeightMapping() if mapping is None else mapping),
            "dac": repr(dac),
            "adc": repr(adc),
            **provenance(
                {
                    "levels": states,
                    "read_voltage": read_voltage,
                    "vectors": inputs,
                    "faults": faults,
                    "read_noise": read_noise,
                },
                seed=origin,
            ),
        },
    )
