"""Design map: the largest array in which a device can be written and read, against the device's geometry."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from compact_model import constants
from compact_model.constants import OERSTED
from compact_model.device import heating
from compact_model.device.junction import resistance
from compact_model.device.parameters import DeviceParameters
from compact_model.device.width_laws import AnisotropyLaw
from compact_model.experiments.write_windows import WriteConditions, write_window
from compact_model.kernels.added_terms import ADDED
from compact_model.rates.escapes import mean_escape_time
from compact_model.support import validation
from compact_model.support.progress import Progress
from compact_model.support.provenance import provenance
from compact_model.support.random import Seed, generator, recorded
from compact_model.support.validation import InputError
from compact_model.track.landscape import Landscape, check_kind
from compact_model.track.wells import ParabolicWell, Well

from ..faults.faults import FaultRates, checked_faults
from ..schemes import SCHEMES
from ..vector_matrix import device_levels
from ..wires import Wires
from .margins import largest_array
from .one_cell import Reading
from .writing import largest_written_array


@dataclass(frozen=True, kw_only=True)
class PinningSites:
    """Equal, equally spaced pinning sites on a track of any length, by default those of `lequeux2016_track`."""

    pitch: float = 50e-9
    """Distance of two sites, m."""
    coercive_field: float = 60.0 * OERSTED
    """H_c, T."""
    half_width: float = 18e-9
    """x_c, m, at most half the pitch."""
    kind: type[Well] = ParabolicWell

    def __post_init__(self) -> None:
        check_kind(self.kind)
        validation.positive("pitch", self.pitch)
        validation.non_negative("coercive_field", self.coercive_field)
        if validation.positive("half_width", self.half_width) > 0.5 * self.pitch:
            raise InputError(
                f"half_width: expected at most half the pitch, {0.5 * self.pitch:g} m, got {self.half_width:g}"
            )

    def landscape(self, parameters: DeviceParameters) -> Landscape:
        """As many sites as fit on the device's track, at least one, centred on it."""
        count = max(1, int(parameters.track_length / self.pitch + 1e-9))
        centres = 0.5 * parameters.track_length + self.pitch * (np.arange(count) - 0.5 * (count - 1))
        if self.half_width > centres[0]:
            raise InputError(
                f"track_lengths: expected tracks on which a site of {2.0 * self.half_width:g} m fits, got "
                f"{parameters.track_length:g} m"
            )
        return Landscape(
            tuple(
                self.kind(centre=centre, coercive_field=self.coercive_field, half_width=self.half_width)
                for centre in centres.tolist()
            )
        )


def design_map(
    parameters: DeviceParameters,
    track_widths: ArrayLike,
    track_lengths: ArrayLike,
    *,
    resistance_area_products: ArrayLike | None = None,
    wire_resistances: ArrayLike = 1.0,
    schemes: Sequence[str] = ("V/2",),
    driver_resistance: float = 0.0,
    faults: FaultRates | None = None,
    sites: PinningSites | None = None,
    conditions: WriteConditions | None = None,
    reading: Reading | None = None,
    criterion: float = 0.1,
    anisotropy_from_width: AnisotropyLaw = "given",
    largest: int = 128,
    seed: Seed = 0,
    progress: bool = False,
) -> xr.Dataset:
    """The largest array that can be written and read for each size of a device, with its levels and retention.

    parameters: the device, which is scaled by `resized`, with the side of its nucleation pad in proportion to the
    width.  anisotropy_from_width: "given" keeps its H_K at every width; "micromagnetics" uses the paper's relaxed wall
    at each width, 60 to 130 nm; "rigid-wall" uses the quick estimate of `with_anisotropy_from_width`.  One law applies
    to the whole map; a width that it does not cover raises InputError.
    track_widths, track_lengths: m.  resistance_area_products: RA_P, Ohm m2; None: the device's own.
    faults: of the arrays' cells; sound cells alone are written, read and disturbed.
    wire_resistances: Ohm per segment of both kinds of lines.  driver_resistance: Ohm, of the word lines' drivers and,
        in writing, of the bit lines'.  schemes: for writing.
    sites: of the track, the same at every width.  conditions: of the write pulse, with temperature, spreads, error rate
        and breakdown voltage.  reading: how a cell is read, None: `Reading()`; criterion: the smallest acceptable
        margin between a device's two end states, as in `largest_array`.
    largest: number of lines at which the search ends (in the result it means: at least that many).

    An array can be written if every selected wall moves and no other wall does, each with at most the error rate in one
    pulse.  `write_window` gives the voltages of a device, and `largest_written_array` the array.  The window depends
    only on the width and on RA_P, because the torques follow V / RA_P: unless devices heat up, have optional terms or
    a quadratic field-like torque, or spread, only those with the thinnest barrier are simulated.  If all cells of an
    array are written once, each cell receives about 2 (lines - 1) pulses meant for others; the error rate is for each
    of these.

    Returns a Dataset over (resistance_area_product, scheme, wire_resistance, track_width, track_length), each variable
    with those dimensions on which it depends: parallel_resistance (Ohm), write_voltage and disturb_voltage (V),
    largest_written, largest_read and largest_array (the smaller of the two; lines), levels (rest positions of the wall,
    with the two ends), well_depth (k_B T, inf at 0 K), retention_time (s, `mean_escape_time`) and anisotropy_field (T).
    Raises InputError.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    if parameters.torque_density != "voltage":
        raise InputError(f"parameters: expected torque_density 'voltage', got {parameters.torque_density!r}")
    ways = validation.different("schemes", schemes, SCHEMES)
    place = {
        "resistance_area_product": validation.distinct(
            "resistance_area_products",
            parameters.resistance_area_product if resistance_area_products is None else resistance_area_products,
        ),
        "scheme": np.array(ways),
        "wire_resistance": validation.distinct("wire_resistances", wire_resistances),
        "track_width": validation.distinct("track_widths", track_widths),
        "track_length": validation.distinct("track_lengths", track_lengths),
    }
    track = validation.instance("sites", PinningSites() if sites is None else sites, PinningSites)
    pulse = validation.instance("conditions", WriteConditions() if conditions is None else conditions, WriteConditions)
    read = validation.instance("reading", Reading() if reading is None else reading, Reading)
    least = validation.between("criterion", criterion, 1e-6, 1.0)
    limit = validation.whole("largest", largest, 1)
    driver = validation.non_negative("driver_resistance", driver_resistance)
    checked_faults(faults)
    origin = recorded(seed)
    key = int(generator(seed).integers(0, 2**63))  # the same devices and thermal fields at every point of the map
    found = _empty(place)
    thermal = constants.BOLTZMANN_CONSTANT * pulse.temperature

    def device_at(barrier: float, width: float, length: float) -> DeviceParameters:
        device = parameters.resized(
            track_length=length,
            track_width=width,
            nucleation_pad_area=parameters.nucleation_pad_area * (width / parameters.track_width) ** 2,
            resistance_area_product=barrier,
        )
        return device.with_anisotropy_from_width(anisotropy_from_width)

    for column, length in enumerate(place["track_length"].tolist()):
        device = device_at(parameters.resistance_area_product, parameters.track_width, length)
        found["levels"][column] = device_levels(device, track.landscape(device)).size
    cases = found["parallel_resistance"].size
    with Progress(progress, "design map").bar(cases, "device") as advance:
        for column, width in enumerate(place["track_width"].tolist()):
            barriers, longest = place["resistance_area_product"].tolist(), float(place["track_length"].max())
            devices = [device_at(barrier, width, longest) for barrier in barriers]
            landscape = track.landscape(devices[0])
            found["anisotropy_field"][column] = devices[0].anisotropy_field
            found["well_depth"][column] = landscape.wells[0].depth(devices[0]) / thermal if thermal > 0.0 else np.inf
            alone = Landscape((landscape.wells[0],), landscape.anisotropy)
            found["retention_time"][column] = mean_escape_time(devices[0], alone, pulse.temperature)
            windows = _windows(devices, landscape, pulse, key)
            for row, (barrier, volts) in enumerate(zip(barriers, windows, strict=True)):
                for name, value in volts.items():
                    found[name][row, column] = value
                for depth, length in enumerate(place["track_length"].tolist()):
                    device = device_at(barrier, width, length)
                    found["parallel_resistance"][row, column, depth] = device.parallel_resistance
                    for number, segment in enumerate(place["wire_resistance"].tolist()):
                        wires = Wires.equal(segment, driver_resistance=driver, faults=faults)
                        alike = faults is None and read.access is None
                        largest_read = _largest_read if alike else _largest_read.__wrapped__
                        found["largest_read"][row, number, column, depth] = largest_read(
                            device.parallel_resistance, float(resistance(device, 0.0)), read, least, limit, wires
                        )
                        for which, scheme in enumerate(place["scheme"].tolist()):
                            found["largest_written"][row, which, number, column, depth] = largest_written_array(
                                device,
                                scheme=scheme,
                                breakdown_voltage=pulse.breakdown_voltage,
                                largest=limit,
                                wires=replace(wires, sense_resistance=driver),
                                **volts,
                            )
                    advance(1)
    result = _label(found, place)
    return result.assign_attrs(
        experiment="design_map",
        temperature=pulse.temperature,
        error_rate=pulse.error_rate,
        breakdown_voltage=pulse.breakdown_voltage,
        pulse_width=pulse.width,
        driver_resistance=driver,
        read_scheme=read.scheme,
        anisotropy_from_width=anisotropy_from_width,
        largest=limit,
        **provenance(
            [parameters], [track.landscape(parameters)], array={"faults": faults} if faults else None, seed=origin
        ),
    )


def _windows(
    devices: Sequence[DeviceParameters], landscape: Landscape, pulse: WriteConditions, key: int
) -> list[dict[str, float]]:
    """write_voltage and disturb_voltage of devices that differ in RA_P alone; where only V / RA_P counts, from one of
    them: the thinnest, of which the breakdown voltage leaves the widest range."""
    thinnest = min(devices, key=lambda each: each.resistance_area_product)
    only_density = not (
        pulse.spreads
        or thinnest.field_like_quadratic
        or heating.is_on(thinnest)
        or any(term.is_on(thinnest) for term in ADDED)
    )
    simulated = [thinnest] if only_density else devices
    limits = [
        {name: float(window[name]) for name in ("write_voltage", "disturb_voltage")}
        for window in (write_window(each, landscape, pulse, seed=key) for each in simulated)
    ]
    if not only_density:
        return limits
    highest = pulse.breakdown_voltage
    result = []
    for device in devices:
        thicker = device.resistance_area_product / thinnest.resistance_area_product
        write, disturb = (thicker * volts for volts in limits[0].values())
        result.append(
            {"write_voltage": write if write <= highest else np.inf, "disturb_voltage": min(disturb, highest)}
        )
    return result


@functools.lru_cache(maxsize=4096)
def _largest_read(
    low_resistance: float, high_resistance: float, reading: Reading, criterion: float, largest: int, wires: Wires
) -> int:
    """`largest_array`, kept for the maps of other sites or other pulses, which change nothing in reading.

    Only for arrays without faults, whose seed may be a generator, and without transistors.
    """
    return largest_array(
        low_resistance=low_resistance,
        high_resistance=high_resistance,
        reading=reading,
        criterion=criterion,
        largest=largest,
        wires=wires,
    )


_DEVICE = ("resistance_area_product", "track_width", "track_length")
# name -> (dimensions, type, long name, unit)
_VARIABLES: dict[str, tuple[tuple[str, ...], type, str, str]] = {
    "parallel_resistance": (_DEVICE, float, "R_P", "Ohm"),
    "write_voltage": (_DEVICE[:2], float, "write voltage", "V"),
    "disturb_voltage": (_DEVICE[:2], float, "disturb voltage", "V"),
    "largest_written": (
        ("resistance_area_product", "scheme", "wire_resistance", "track_width", "track_length"),
        int,
        "lines of the largest array that can be written",
        "",
    ),
    "largest_read": (
        ("resistance_area_product", "wire_resistance", "track_width", "track_length"),
        int,
        "lines of the largest array that can be read",
        "",
    ),
    "levels": (("track_length",), int, "places where a wall stays", ""),
    "well_depth": (("track_width",), float, "well depth", "k_B T"),
    "retention_time": (("track_width",), float, "mean escape time", "s"),
    "anisotropy_field": (("track_width",), float, "anisotropy field H_K", "T"),
}
_UNITS = {
    "resistance_area_product": ("RA_P", "Ohm m2"),
    "wire_resistance": ("segment resistance", "Ohm"),
    "track_width": ("track width W", "m"),
    "track_length": ("track length L", "m"),
}


def _empty(place: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """A DataArray for each variable."""
    return {name: np.zeros([place[dim].size for dim in dims], kind) for name, (dims, kind, _, _) in _VARIABLES.items()}


def _label(found: dict[str, NDArray[Any]], place: dict[str, NDArray[Any]]) -> xr.Dataset:
    result = xr.Dataset(
        {
            name: (dims, found[name], {"long_name": long_name, **({"units": unit} if unit else {})})
            for name, (dims, _, long_name, unit) in _VARIABLES.items()
        },
        coords={"scheme": place["scheme"].tolist()}
        | {
            name: (name, place[name], {"long_name": long_name, "units": unit})
            for name, (long_name, unit) in _UNITS.items()
        },
    )
    smaller = np.minimum(result.largest_written, result.largest_read).transpose(*result.largest_written.dims)
    return result.assign(largest_array=smaller.assign_attrs(long_name="lines of the largest array"))
