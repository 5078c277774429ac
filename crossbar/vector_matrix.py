"""Vector-matrix products on an array, with weights as differences of two devices at their available levels."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from compact_model.device.junction import resistance
from compact_model.device.parameters import DeviceParameters
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import InputError
from compact_model.track.landscape import Landscape
from compact_model.track.resting import resting_places

from .crossbar import Crossbar


def device_levels(parameters: DeviceParameters, landscape: Landscape) -> FloatArray:
    """Conductances at zero bias of the rest positions of the wall, S, increasing; including the two ends of the track.

    A wall rests where the pinning field changes from pushing it forwards to pushing it back, and at the ends, which
    hold it.
    """
    return np.unique(1.0 / resistance(parameters, resting_places(parameters, landscape)))


@dataclass(frozen=True, kw_only=True, eq=False)
class DifferentialPairs:
    """Weights on an array: output k is read from bit lines 2k (plus) and 2k + 1 (minus).

    conductance: (inputs, 2 outputs), S; per_weight: difference in S that represents a weight of 1.
    stored: (inputs, outputs), the weights as rounded to the levels.
    """

    conductance: FloatArray
    per_weight: float
    stored: FloatArray

    def multiply(
        self,
        array: Crossbar,
        inputs: ArrayLike,
        read_voltage: float,
        *,
        tolerance: float = 1e-10,
        entrywise: bool = False,
        method: str | None = None,
    ) -> xr.Dataset:
        """inputs @ weights through an array whose wires are those of `array` and whose devices are these.

        inputs: (vectors, inputs), of absolute values up to 1, applied as that fraction of read_voltage (V).  tolerance,
        entrywise, method: as in `Crossbar.solve`.
        Returns a Dataset: product (vector, output), from the currents; exact (the stored weights without wires); power
        (vector; W).
        """
        given = np.atleast_2d(validation.array("inputs", inputs))
        if given.ndim != 2 or given.shape[1] != self.conductance.shape[0]:
            raise InputError(f"inputs: expected shape (vectors, {self.conductance.shape[0]}), got {np.shape(inputs)}")
        if np.abs(given).max(initial=0.0) > 1.0:
            raise InputError(f"inputs: expected absolute values up to 1, got {np.abs(given).max():g}")
        volts = validation.positive("read_voltage", read_voltage)
        validation.instance("array", array, Crossbar)
        solution = array.with_conductance(self.conductance).solve(
            volts * given.T, tolerance=tolerance, entrywise=entrywise, method=method
        )
        current = solution.bit_line_current.values
        product = (current[:, ::2] - current[:, 1::2]) / (volts * self.per_weight)
        return xr.Dataset(
            {
                "product": (("vector", "output"), product, {"long_name": "product through the array"}),
                "exact": (("vector", "output"), given @ self.stored, {"long_name": "product of the stored weights"}),
                "power": (("vector",), solution.power.values, solution.power.attrs),
            },
            attrs=solution.attrs | {"experiment": "vector_matrix"},
        )


def map_weights(weights: ArrayLike, levels: ArrayLike) -> DifferentialPairs:
    """Map weights to pairs of devices at the nearest levels.

    weights: (inputs, outputs), any finite numbers; the largest absolute value is mapped to the full range of
    conductance.
    levels: available conductances of a device, S, at least two, such as from `device_levels`.
    Among the pairs with the nearest difference, the one with the lowest conductance is chosen, because it needs the
    least power and causes the smallest voltage drop on the wires.
    """
    wanted = validation.array("weights", weights)
    if wanted.ndim != 2 or wanted.size == 0:
        raise InputError(f"weights: expected shape (inputs, outputs), got {wanted.shape}")
    states = np.unique(validation.numbers("levels", levels))
    if states.size < 2 or states[0] < 0.0:
        raise InputError(f"levels: expected at least two conductances of at least 0 S, got {states.tolist()[:5]}")
    largest = float(np.abs(wanted).max()) or 1.0
    per_weight = (states[-1] - states[0]) / largest
    difference = (states[:, np.newaxis] - states[np.newaxis, :]).ravel()
    cost = (states[:, np.newaxis] + states[np.newaxis, :]).ravel()
    order = np.lexsort((cost, difference))
    _, first = np.unique(np.round(difference[order] / (states[-1] - states[0]), 12), return_index=True)
    chosen = order[first]
    sorted_differences = difference[chosen]
    target = wanted * per_weight
    above = np.clip(np.searchsorted(sorted_differences, target), 1, sorted_differences.size - 1)
    nearer = target - sorted_differences[above - 1] <= sorted_differences[above] - target
    pair = chosen[np.where(nearer, above - 1, above)]
    conductance = np.empty((wanted.shape[0], 2 * wanted.shape[1]))
    conductance[:, ::2] = states[pair // states.size]
    conductance[:, 1::2] = states[pair % states.size]
    stored = (conductance[:, ::2] - conductance[:, 1::2]) / per_weight
    return DifferentialPairs(conductance=conductance, per_weight=float(per_weight), stored=stored)
