"""Vector-matrix products on an array, with weights at the available levels of devices and read through converters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from compact_model.device.junction import resistance
from compact_model.device.parameters import DeviceParameters
from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.memory import check_memory
from compact_model.support.random import Seed, generator, recorded
from compact_model.support.validation import InputError
from compact_model.track.landscape import Landscape
from compact_model.track.resting import resting_places

from .crossbar import Crossbar
from .read_out.chain import ReadOut
from .read_out.converters import Adc, Dac, saturated
from .read_out.weight_mapping import Layout, Scale, WeightMapping, slice_levels

Converter = TypeVar("Converter", Dac, Adc)


def device_levels(parameters: DeviceParameters, landscape: Landscape) -> FloatArray:
    """Conductances at zero bias of the rest positions of the wall, S, increasing; including the two ends of the track.

    A wall rests where the pinning field changes from pushing it forwards to pushing it back, and at the ends, which
    hold it.
    """
    return np.unique(1.0 / resistance(parameters, resting_places(parameters, landscape)))


@dataclass(frozen=True, eq=False)
class _Read:
    """Currents of bit lines, A, (cycles, vectors, bit lines); power, W, (cycles, vectors); weights of the cycles."""

    current: FloatArray
    power: FloatArray
    counts: FloatArray
    origin: dict[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class MappedWeights:
    """Weights on an array, made by `map_weights`.

    conductance: (inputs, bit lines), S.  The bit lines of an output are next to each other: its slices, the most
        significant first, and of a differential pair plus before minus.  The bit lines of the references, one for each
        slice, come last.
    stored: (inputs, outputs), the weights as rounded to the levels.
    layout: how currents are added before and after the converters.  mapping: as given to `map_weights`.
    """

    conductance: FloatArray
    stored: FloatArray
    layout: Layout
    mapping: WeightMapping

    def multiply(
        self,
        array: Crossbar,
        inputs: ArrayLike,
        read_voltage: float,
        *,
        dac: Dac | None = None,
        adc: Adc | None = None,
        noise: float = 0.0,
        seed: Seed = 0,
        tolerance: float = 1e-10,
        entrywise: bool = False,
        method: str | None = None,
    ) -> xr.Dataset:
        """inputs @ weights through an array whose wires are those of `array` and whose devices are these.

        inputs: (vectors, inputs), applied as that fraction of read_voltage (V), or with a DAC as that fraction of its
            full scale.  Without a DAC their absolute values are up to 1.
        dac, adc: the converters; None: ideal ones.  An ADC without a full scale is refused; `calibrate` sets it.
        noise: A, standard deviation of the current of each bit line in each cycle, before the converters; seed: of the
            noise.
        tolerance, entrywise, method: as in `Crossbar.solve`.  Where there are more vectors and cycles than word lines,
            the array is solved for one word line after the other and the currents are superposed, unless entrywise.
        Returns a Dataset: product (vector, output), from the currents; exact (the stored weights without wires and
        converters); power (vector; W; the mean over the cycles of the inputs).  The attributes inputs_cut and
        currents_cut are the fractions beyond the full scale of the converters.
        """
        chain = ReadOut(self.layout, _converter("dac", dac, Dac), _converter("adc", adc, Adc))
        given = self._checked("inputs", inputs)
        volts = validation.positive("read_voltage", read_voltage)
        deviation = validation.non_negative("noise", noise)
        origin = {"noise": deviation, "seed": recorded(seed)} if deviation > 0.0 else {}
        read = self._read(chain, array, given, volts, tolerance=tolerance, entrywise=entrywise, method=method)
        if deviation > 0.0:
            noisy = read.current + deviation * generator(seed).standard_normal(read.current.shape)
            read = replace(read, current=noisy)
        beyond = 0.0 if adc is None else saturated(adc, chain.seen(read.current, read.counts), self.layout.slice_of)
        return xr.Dataset(
            {
                "product": (
                    ("vector", "output"),
                    chain.products(read.current, read.counts, given, volts),
                    {"long_name": "product through the array"},
                ),
                "exact": (("vector", "output"), given @ self.stored, {"long_name": "product of the stored weights"}),
                "power": (
                    ("vector",),
                    read.power.mean(axis=0),
                    {"long_name": "power of the sources", "units": "W"},
                ),
            },
            attrs=read.origin
            | origin
            | {
                "experiment": "vector_matrix",
                "mapping": repr(self.mapping),
                "dac": repr(dac),
                "adc": repr(adc),
                "inputs_cut": float((np.abs(given) > chain.full_scale).mean()) if given.size else 0.0,
                "currents_cut": beyond,
            },
        )

    def calibrate(
        self, adc: Adc, array: Crossbar, samples: ArrayLike, read_voltage: float, *, dac: Dac | None = None
    ) -> Adc:
        """The ADC with its full scale set from sample data; unchanged if it already has one.

        array, read_voltage, dac: as in `multiply`; samples: (vectors, inputs), typical inputs.  The full scale is the
        `Adc.percentile` of the absolute currents at the converters.
        """
        validation.instance("adc", adc, Adc)
        chain = ReadOut(self.layout, _converter("dac", dac, Dac), adc)
        given = self._checked("samples", samples)
        volts = validation.positive("read_voltage", read_voltage)
        read = self._read(chain, array, given, volts)
        found = chain.calibrated(read.current, read.counts).adc
        assert found is not None
        return found

    def _checked(self, name: str, inputs: ArrayLike) -> FloatArray:
        given = np.atleast_2d(validation.array(name, inputs))
        if given.ndim != 2 or given.shape[1] != self.conductance.shape[0]:
            count = self.conductance.shape[0]
            raise validation.wrong_shape(name, np.shape(inputs), {"vectors": None, "inputs": count})
        return given

    def _read(
        self,
        chain: ReadOut,
        array: Crossbar,
        given: FloatArray,
        volts: float,
        *,
        tolerance: float = 1e-10,
        entrywise: bool = False,
        method: str | None = None,
    ) -> _Read:
        validation.instance("array", array, Crossbar)
        cycles = 1 if chain.dac is None else chain.dac.cycle_count
        check_memory("the product", 8.0 * cycles * len(given) * (4 * given.shape[1] + 3 * self.conductance.shape[1]))
        shares, counts = chain.applied(given)
        flat = shares.reshape(-1, given.shape[1])
        # The network is linear: solutions for one word line at a time, often fewer, add up to all.
        few = entrywise or len(flat) <= given.shape[1]
        solved = flat if few else np.eye(given.shape[1])
        solution = array.with_conductance(self.conductance).solve(
            volts * solved.T, tolerance=tolerance, entrywise=entrywise, method=method
        )
        current, fed = solution.bit_line_current.values, solution.word_line_current.values
        if not few:
            current, fed = flat @ current, flat @ fed
        kind = len(counts), len(given)
        power = (volts * flat * fed).sum(axis=1).reshape(kind)
        return _Read(current.reshape(*kind, -1), power, counts, dict(solution.attrs))


def map_weights(
    weights: ArrayLike, levels: ArrayLike | Sequence[ArrayLike], mapping: WeightMapping | None = None
) -> MappedWeights:
    """Map weights to devices at the nearest levels.

    weights: (inputs, outputs), any finite numbers; the largest absolute value is mapped to the full range.
    levels: available conductances of a device, S, at least two, such as from `device_levels`; or a sequence of them,
        one for each slice.
    mapping: how weights are stored; None: differential pairs, one slice, subtracted in analog.
    Among the devices with the nearest difference, those with the lowest conductance are chosen, because they need the
    least power and cause the smallest voltage drop on the wires.  Raises InputError.
    """
    how = WeightMapping() if mapping is None else validation.instance("mapping", mapping, WeightMapping)
    wanted = validation.array("weights", weights)
    if wanted.ndim != 2 or wanted.size == 0:
        raise InputError(f"weights: expected shape (inputs, outputs), got {wanted.shape}")
    states = slice_levels(how, levels)
    scale = Scale(how, states)
    largest = float(np.abs(wanted).max()) or 1.0
    inputs, outputs = wanted.shape
    alike = [np.broadcast_to(each, (inputs, each.size)) for each in states]
    chosen = scale.place(wanted / largest, states, alike)
    layout = scale.layout(outputs, largest)
    lines = how.bit_lines(outputs)
    check_memory("the array", 96.0 * inputs * lines)
    conductance = np.empty((inputs, lines))
    for line, slice_ in enumerate(scale.slice_of_lines(outputs).tolist()):
        conductance[:, line] = states[slice_][chosen[:, line]]
    return MappedWeights(conductance=conductance, stored=layout.weights(conductance), layout=layout, mapping=how)


def _converter(name: str, given: Converter | None, kind: type[Converter]) -> Converter | None:
    return None if given is None else validation.instance(name, given, kind)
