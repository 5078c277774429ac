"""The cost of an operation on an array with its periphery: energy, latency and area from the solver and a few numbers.

Energies are sums of four parts.  The array's own is the solved power of the sources times the latency; by Tellegen's
theorem it is dissipated in devices, wires and drivers.  The others are the charging of the lines, C V^2 for each up and
down, the drivers and the analogue-to-digital converters.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.provenance import provenance
from compact_model.support.validation import InputError

from ..crossbar import Crossbar
from ..schemes import SCHEMES, Bias

OPERATIONS = ("read", "write", "product")
"""A row read at once, one cell written, and all word lines driven while all bit lines are sensed."""
_BITS_OF_REFERENCE = 8


@dataclass(frozen=True, kw_only=True)
class Periphery:
    """The circuits around an array: converters, drivers and cell area, as assumed for `cost`.

    The defaults of converters and drivers are those of ISAAC at 32 nm (Shafiee et al. 2016, doi 10.1109/ISCA.2016.12):
    eight converters of 16 mW, 0.0096 mm2 and 1.28 GS/s together with 1024 drivers of 4 mW and 0.00017 mm2.

    converter_bits: of the read-out.  converter_energy: J, of a conversion to 8 bits; for another number of bits it is
    multiplied by 2^(bits - 8), at a constant figure of merit (Walden 1999, doi 10.1109/49.761034).
    converter_time: s, of a conversion.  bit_lines_per_converter: number of bit lines that are converted one after the
    other.
    driver_power: W, of a word line's driver during an operation, in addition to the power that it delivers.
    converter_area, driver_area: m2, of one.
    feature_size: F, m.  cell_area: in F^2; 4 for a passive crossing, 3 (W / L + 1) with a transistor of width W and
    length L (Dong et al. 2012, doi 10.1109/TCAD.2012.2185930).
    """

    converter_bits: int = 8
    converter_energy: float = 2e-3 / 1.28e9
    converter_time: float = 1.0 / 1.28e9
    bit_lines_per_converter: int = 8
    driver_power: float = 4e-3 / 1024
    converter_area: float = 0.0096e-6 / 8
    driver_area: float = 0.00017e-6 / 1024
    feature_size: float = 32e-9
    cell_area: float = 4.0

    def __post_init__(self) -> None:
        validation.whole("converter_bits", self.converter_bits, 1, 24)
        validation.whole("bit_lines_per_converter", self.bit_lines_per_converter, 1)
        for name in ("converter_energy", "converter_time", "driver_power", "converter_area", "driver_area"):
            validation.non_negative(name, getattr(self, name))
        for name in ("feature_size", "cell_area"):
            validation.positive(name, getattr(self, name))

    def conversion(self) -> float:
        """Energy of one conversion, J."""
        return float(self.converter_energy * 2.0 ** (self.converter_bits - _BITS_OF_REFERENCE))

    def converters(self, bit_lines: int) -> int:
        """The number of converters for this number of bit lines."""
        return -(-bit_lines // self.bit_lines_per_converter)


def cost(
    array: Crossbar,
    *,
    write_voltage: float,
    write_width: float,
    read_voltage: float = 0.05,
    inputs: ArrayLike = 1.0,
    scheme: str = "V/2",
    word_line: int = 0,
    bit_line: int | None = None,
    periphery: Periphery | None = None,
    operations: Sequence[str] = OPERATIONS,
) -> xr.Dataset:
    """Energy and latency of a read, a write and a product, and the area, of an array in its present state.

    array: with capacitances in its wires; without them, the lines charge instantly.  write_voltage (V), write_width
        (s): of a pulse on the cell of `word_line` and `bit_line` (None: the last, the farthest from the driver), under
        `scheme`.
    read_voltage: V, on `word_line` for a read, with all bit lines and all other word lines at 0 V; and for an input of
        1 of a product.  inputs: of a product, one or (word lines,), absolute values up to 1.
    periphery: None: `Periphery()`.

    The lines have settled to half of the converter's last bit after tau ln(2^(bits + 1)), where tau is Elmore's delay
    (1948, doi 10.1063/1.1697872) of the slowest word line, the sum of each segment's capacitance times the resistance
    from the source to it, plus that of the slowest bit line.  The current through the cells makes settling faster,
    which is neglected.  A read and a product then take bit_lines_per_converter conversions, and a write takes its
    width.  The sources are on for the whole time.

    Returns a Dataset over `operation`: latency (s), power (W, of the sources), array_energy, charging_energy,
    driver_energy, converter_energy and their sum, energy (J); and cell_area, driver_area, converter_area and their sum,
    area (m2); products_per_energy, multiplications and additions of a product per J, if a product is requested.
    Raises InputError.
    """
    validation.instance("array", array, Crossbar)
    if array.network().broken or array.network().bridged:
        raise InputError("array: expected one without broken lines and without shorts between lines, got one with some")
    words, bits = array.shape
    given = validation.instance("periphery", Periphery() if periphery is None else periphery, Periphery)
    chosen = validation.different("operations", operations, OPERATIONS)
    volts, width = validation.number("write_voltage", write_voltage), validation.positive("write_width", write_width)
    reading = validation.number("read_voltage", read_voltage)
    validation.choice("scheme", scheme, SCHEMES)
    row = validation.whole("word_line", word_line, 0, words - 1)
    column = bits - 1 if bit_line is None else validation.whole("bit_line", bit_line, 0, bits - 1)
    shares = validation.array("inputs", inputs, ("word_line",))
    if shares.shape not in ((), (words,)):
        raise validation.wrong_shape("inputs", shares.shape, {}, {"word lines": words})
    if np.abs(shares).max() > 1.0:
        raise InputError(f"inputs: expected absolute values up to 1, got {np.abs(shares).max():g}")
    nothing = np.zeros(words, dtype=bool), np.zeros(bits, dtype=bool)
    one_cell = np.zeros(bits)
    one_cell[column] = volts
    held = {
        "read": array.row_bias("grounded", row, np.full(bits, reading), np.ones(bits, dtype=bool)),
        "write": array.row_bias(scheme, row, one_cell),
        "product": Bias(
            word_line_voltage=reading * np.broadcast_to(shares, (words,)),
            bit_line_voltage=np.zeros(bits),
            floating_word_lines=nothing[0],
            floating_bit_lines=nothing[1],
        ),
    }
    settling = _elmore_delay(array) * np.log(2.0) * (given.converter_bits + 1)
    conversions = min(bits, given.bit_lines_per_converter) * given.converter_time
    driven = {"read": 1, "write": words + bits, "product": words}  # a write holds every line at a voltage
    parts = []
    for name in chosen:
        latency = settling + (width if name == "write" else conversions)
        power = float(array.solve(**held[name].arguments()).power[0])
        parts.append(
            {
                "latency": latency,
                "power": power,
                "array_energy": power * latency,
                "charging_energy": _charging(array, held[name]),
                "driver_energy": driven[name] * given.driver_power * latency,
                "converter_energy": 0.0 if name == "write" else bits * given.conversion(),
            }
        )
    return _label(chosen, parts, array, given, {"write_voltage": volts, "write_width": width, "read_voltage": reading})


def _elmore_delay(array: Crossbar) -> float:
    """Time constants of the slowest word line, and of the slowest bit line behind it, s."""
    delays = []
    for nodes, segment, at_first, end, capacitance in (
        (
            array.shape[1],
            np.asarray(array.word_line_resistance),
            array.word_line_ends != "stop",
            array.driver_resistance,
            array.word_line_capacitance,
        ),
        (
            array.shape[0],
            np.asarray(array.bit_line_resistance).T,
            array.bit_line_ends == "start",
            array.sense_resistance,
            array.bit_line_capacitance,
        ),
    ):
        outer, farad = (np.asarray(each, dtype=np.float64) for each in (end, capacitance))
        each = segment if segment.ndim == 2 else np.repeat(segment[:, np.newaxis], nodes, axis=1)
        # Each node's charge flows through all segments between it and the driven or sensed end.
        between = np.cumsum(each if at_first else each[:, ::-1], axis=1)[:, :nodes]
        delays.append(float((farad * (nodes * outer + between.sum(axis=1))).max()))
    return sum(delays)


def _charging(array: Crossbar, held: Bias) -> float:
    """The energy of charging the lines to their voltages once, J; a floating line follows the cells."""
    words, bits = array.shape
    by_word = bits * np.asarray(array.word_line_capacitance) * held.word_line_voltage**2
    by_bit = words * np.asarray(array.bit_line_capacitance) * held.bit_line_voltage**2
    return float(by_word[~held.floating_word_lines].sum() + by_bit[~held.floating_bit_lines].sum())


_NAMES = {
    "latency": ("latency", "s"),
    "power": ("power of the sources", "W"),
    "array_energy": ("energy in devices and lines", "J"),
    "charging_energy": ("energy that charges the lines", "J"),
    "driver_energy": ("energy of the drivers", "J"),
    "converter_energy": ("energy of the converters", "J"),
    "energy": ("energy", "J"),
}


def _label(
    operations: Sequence[str],
    parts: list[dict[str, float]],
    array: Crossbar,
    periphery: Periphery,
    asked: dict[str, Any],
) -> xr.Dataset:
    words, bits = array.shape
    for part in parts:
        part["energy"] = sum(value for name, value in part.items() if name.endswith("_energy"))
    columns: dict[str, FloatArray] = {name: np.array([part[name] for part in parts]) for name in _NAMES}
    areas = {
        "cell_area": words * bits * periphery.cell_area * periphery.feature_size**2,
        "driver_area": (words + bits) * periphery.driver_area,
        "converter_area": periphery.converters(bits) * periphery.converter_area,
    }
    result = xr.Dataset(
        {
            **{
                name: (("operation",), columns[name], {"long_name": long_name, "units": unit})
                for name, (long_name, unit) in _NAMES.items()
            },
            **{
                name: ((), value, {"long_name": name.replace("_", " "), "units": "m2"})
                for name, value in (areas | {"area": sum(areas.values())}).items()
            },
        },
        coords={"operation": list(operations)},
        attrs={
            "experiment": "cost",
            **asked,
            **asdict(periphery),
            **provenance(asked | {"periphery": periphery}, array=array.description()),
        },
    )
    if "product" in operations:
        whole = 2.0 * words * bits / float(result.energy.sel(operation="product"))
        result["products_per_energy"] = ((), whole, {"long_name": "multiplications and additions", "units": "1/J"})
    return result
