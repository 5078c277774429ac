"""An array whose devices change state by a table of transition probabilities: millions of pulses in seconds.

The physics is in the table (`compact_model.pulse_table` for walls, `pulse_tables.tabulate` for other devices).  Before
each pulse, the voltages of all cells, including half-selected ones, are solved for with the present states.  The table
is looked up by V divided by the device's voltage scale (for a junction, R_P times its area), so that a cell with a
thicker barrier than the table's device is looked up at a correspondingly lower voltage.
"""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from compact_model.support import validation
from compact_model.support.arrays import FloatArray
from compact_model.support.provenance import provenance
from compact_model.support.random import Seed, generator, recorded
from compact_model.support.validation import InputError

from ..cells import StatefulCells
from ..crossbar import Crossbar
from ..in_time.energy import EnergyBudget, PowerBudget
from ..kernels.transitions import draw_states, staying
from ..labels import source_power
from ..network.ideal_lines import voltages_with_floating_lines
from ..network.iterative import IterativeSolver, unsupported
from ..network.linear_network import Network, Sources
from ..network.newton import Tangents, solve_nonlinear
from ..network.solution import NetworkSolution
from ..network.solve import solve_network
from ..schemes import Bias, block_bias, block_voltages, floats
from .products import inner_product, product
from .spontaneous import passed, rates_of

READ_VOLTAGE = 0.05
"""Read voltage for an input of 1, V: a tenth of the threshold, which moves no wall."""
_WRITE_TOLERANCE = 1e-7  # of the currents
_READ_TOLERANCE = 1e-8
_BEYOND_GRID = 1e-9  # of the largest voltage
_SAME = 1e-9  # relative difference of two durations, or two barriers, that count as equal
_HOPPING = (0.3, 1.0)  # of the table's largest voltage: where the shares bend, by orders of magnitude ...
WIDEST_GAP = 0.15
"""... and a straight line across more than this no longer approximates them."""


class TableArray:
    """An array of devices in discrete states, under a sequence of pulses.

    array: a Crossbar whose cells are devices with a state (`Junctions`, `Memristors`, ...); each is set to the nearest
    state of the table.
    table: from `compact_model.pulse_table` or `tabulate`, for the pulses that will be applied.  If cells see other
    voltages than the fractions of the bias scheme (wires, floating lines, variation of barriers), its voltages must be
    closely spaced.
    track: number of the table's track for each cell, shape (word lines, bit lines); None: in order, row by row,
    starting again after the last.
    seed: of the random transitions and of the noise.
    read_noise: A, standard deviation of each current that is read, independent from reading to reading.

    `state` and `track` have shape (word lines, bit lines), `energy` (J) is the energy of all pulses, `pulses` their
    number.  The voltage of a cell during a pulse is its voltage at the start of the pulse, and the energy of the edges
    is that on ideal wires.  Raises InputError.
    """

    def __init__(
        self,
        array: Crossbar,
        table: xr.Dataset,
        *,
        track: ArrayLike | None = None,
        seed: Seed = 0,
        read_noise: float = 0.0,
    ) -> None:
        self.array = validation.instance("array", array, Crossbar)
        self.read_noise = validation.non_negative("read_noise", read_noise)
        if not isinstance(array.cells, StatefulCells):
            raise InputError(
                "array: expected a Crossbar with cells that have a state, such as Junctions, got other cells"
            )
        self.devices, self.shape = array.cells, array.shape
        if not isinstance(table, xr.Dataset) or table.attrs.get("experiment") != "pulse_table":
            raise InputError("table: expected what pulse_table gives, got something else")
        self._table = table
        self._grid = table.voltage.values.astype(np.float64)
        if self._grid.size < 2:
            raise InputError("table: expected at least two voltages, got one")
        order = ("track", "voltage", "state", "final_state")
        # Contiguous, as the kernel is compiled beforehand.
        self._cumulative = np.ascontiguousarray(np.cumsum(table.probability.transpose(*order).values, axis=3))
        self._stays = np.ascontiguousarray(staying(self._cumulative))
        self._state_name = self.devices.states[0].name
        if self._state_name not in table:
            raise InputError(f"table: expected one of the devices' {self._state_name}, got one of other devices")
        self._places = table[self._state_name].transpose("track", "state").values
        self.width, self.edge, self.settle = (float(table.attrs[name]) for name in ("width", "edge", "settle"))
        names = {"landscape": "landscape", "seed_of_table": "seed"}
        self._origin = {own: table.attrs[name] for own, name in names.items() if name in table.attrs}
        self._seed = recorded(seed)
        self.track = self._tracks(track)
        self._first_place = self.track * self._places.shape[1]
        self.state = self._nearest(self.devices.first_state())
        self._share = table.voltage_scale.values[self.track] / self.devices.voltage_scale()
        self._draw = generator(seed)
        self._network = array.network()
        self._ideal = ideal(self._network)
        if not self._ideal:
            self._need_close_grid("wires")
        if (np.abs(self._share - 1.0) > _SAME).any():
            self._need_close_grid("devices that differ")
        self._tangents: dict[bytes, Tangents] = {}
        self._reader = None if self._ideal or unsupported(self._network) else IterativeSolver(self._network)
        self.energy = EnergyBudget()
        self.pulses = 0

    def _need_close_grid(self, cause: str) -> None:
        """InputError if the table has a wide gap between two voltages at which walls hop."""
        gap = widest_gap(self._grid, -float(self._grid[0]), float(self._grid[-1]))
        if gap > WIDEST_GAP * (1.0 + _SAME):
            raise InputError(
                f"table: expected voltages no farther apart than {WIDEST_GAP:g} of the largest with {cause}, as "
                f"PulsedDevice.notched(wired=True) has them, got a gap of {gap:.2g}"
            )

    def _tracks(self, given: ArrayLike | None) -> NDArray[np.int64]:
        count = len(self._cumulative)
        if given is None:
            return np.arange(self.shape[0] * self.shape[1]).reshape(self.shape) % count
        track = validation.shaped("track", given)
        if track.shape != self.shape or track.dtype.kind not in "iu" or track.min() < 0 or track.max() >= count:
            raise InputError(f"track: expected whole numbers from 0 to {count - 1} of shape {self.shape}, got others")
        return track.astype(np.int64)

    def _nearest(self, values: FloatArray) -> NDArray[np.int64]:
        """Number of the state nearest to each value, without a copy of all states for every cell."""
        result = np.zeros(self.shape, dtype=np.int64)
        best = np.full(self.shape, np.inf)
        for number in range(self._places.shape[1]):
            distance = np.abs(self._places[:, number][self.track] - values)
            closer = distance < best  # never where a track has no such state
            result[closer] = number
            best = np.where(closer, distance, best)
        return result

    @property
    def state(self) -> NDArray[np.int64]:
        """Number of the state of each device, shape (word lines, bit lines)."""
        return self._state

    @state.setter
    def state(self, state: NDArray[np.int64]) -> None:
        self._state = state
        # Most images are read without a pulse since the last one.
        self._cells: StatefulCells | None = None
        self._conductance: FloatArray | None = None

    @property
    def values(self) -> FloatArray:
        """The first state variable (for walls the position, m), shape (word lines, bit lines)."""
        result: FloatArray = self._places.take(self._first_place + self._state)
        return result

    def share(self) -> FloatArray:
        """First state variable of each device as a fraction of its way from lowest to highest conductance, 0 to 1."""
        first = self.devices.states[0]
        result: FloatArray = (self.values - first.start) / np.subtract(first.stop, first.start)
        return result

    def conductance(self) -> FloatArray:
        """Present conductance of the devices at zero bias, S, shape (word lines, bit lines)."""
        return self._present_conductance().copy()

    def _present_cells(self) -> StatefulCells:
        if self._cells is None:
            self._cells = self.devices.at(self.values)
        return self._cells

    def _present_conductance(self) -> FloatArray:
        if self._conductance is None:
            self._conductance = self._present_cells().zero_bias_conductance()
        return self._conductance

    def age(self, duration: float) -> None:
        """Let a time (s) of any length pass without a voltage: devices change their states at random.

        The rates are those of the table (`PulsedDevice.notched(retention=True)`), at its temperature; faulty devices do
        not change.  InputError for a table without them.
        """
        length = validation.non_negative("duration", duration)
        rates = rates_of(self._table)
        if length > 0.0:
            moved = passed(self._state, self.track, rates, length, self._draw)
            self.state = moved if self.devices.held is None else np.where(self.devices.held, self.state, moved)

    def scatter(self) -> None:
        """Put every device into a random state of its track, all equally probable, using the seed."""
        states = np.isfinite(self._places).sum(axis=1)[self.track]
        self.state = (self._draw.random(self.shape) * states).astype(np.int64)

    def attributes(self) -> dict[str, Any]:
        """Attributes of a result about everything done so far: pulses, energies (J), provenance."""
        return {
            "pulses": self.pulses,
            "energy_of_sources": self.energy.sources,
            "energy_in_devices": self.energy.devices,
            "energy_in_lines": self.energy.lines,
            **provenance(self.devices.parameters, array=self.array.description(), seed=self._seed),
            **self._origin,
        }

    def pulse(self, held: Bias, width: float, *, edge: float = 0.0, settle: float = 0.0) -> None:
        """Apply a bias for `width` seconds between two edges, followed by a rest: the pulse of the table."""
        if validation.instance("held", held, Bias).shape != self.shape:
            raise InputError(f"held: expected a bias of shape {self.shape}, got {held.shape}")
        for name, given in (("width", width), ("edge", edge), ("settle", settle)):
            asked, drawn = validation.non_negative(name, given), getattr(self, name)
            if abs(asked - drawn) > _SAME * max(asked, drawn):
                raise InputError(f"{name}: expected that of the table, {drawn:g} s, got {asked:g} s")
        self._move(*self._under(held))

    def pulse_block(
        self, scheme: str, word_lines: NDArray[np.bool_], bit_lines: NDArray[np.bool_], voltage: float
    ) -> None:
        """The table's pulse (V) on all cells between some word lines and some bit lines (masks): `pulse` of a
        `block_bias` without checks of the arguments, for inner loops.
        """
        if self._ideal and not floats(scheme):
            self._move(*self._held(*block_voltages(scheme, word_lines, bit_lines, voltage)))
        else:
            self._move(*self._under(block_bias(scheme, self.shape, word_lines, bit_lines, voltage)))

    def _move(self, voltage: FloatArray, power: PowerBudget) -> None:
        """Draw the next states of all cells under their voltages, V, and count the energy."""
        voltage = voltage * self._share
        beyond = _BEYOND_GRID * float(np.abs(voltage).max())
        if voltage.min() < self._grid[0] - beyond or voltage.max() > self._grid[-1] + beyond:
            raise InputError(
                f"voltage: expected cells between the table's {self._grid[0]:g} and {self._grid[-1]:g} V, got "
                f"{voltage.min():g} to {voltage.max():g} V (device-to-device variation needs a `variation` in the "
                "PulsedDevice)"
            )
        state = self._state.ravel()
        draw_states(
            voltage.ravel(),
            self._draw.random(state.size),
            self._grid,
            self._cumulative,
            self._stays,
            self.track.ravel(),
            state,
        )
        moved = state.reshape(self.shape)
        self.state = moved if self.devices.held is None else np.where(self.devices.held, self.state, moved)
        self.energy.add_power(power, self.width + 2.0 * self.edge / 3.0)
        self.pulses += 1

    def _under(self, held: Bias) -> tuple[FloatArray, PowerBudget]:
        """The voltages of all cells under a bias, V, and the powers, W."""
        if self._ideal and not (held.floating_word_lines.any() or held.floating_bit_lines.any()):
            return self._held(held.word_line_voltage, held.bit_line_voltage)
        cells = self._present_cells()
        if held.floating_word_lines.any() or held.floating_bit_lines.any():
            self._need_close_grid("floating lines")
            if self._ideal:
                across = voltages_with_floating_lines(
                    cells,
                    held.word_line_voltage,
                    held.bit_line_voltage,
                    held.floating_word_lines,
                    held.floating_bit_lines,
                )
                if across is not None:
                    heat = float((across * cells.current_and_slope(across)[0]).sum())
                    return across, PowerBudget(sources=heat, devices=heat)
        key = held.floating_word_lines.tobytes() + held.floating_bit_lines.tobytes()
        if key not in self._tangents:
            self._tangents.clear()
            network = self.array.network(held.floating_word_lines, held.floating_bit_lines)
            self._tangents[key] = Tangents(network, None, False, many=True)
        tangents = self._tangents[key]
        sources = self.array.sources(held.word_line_voltage, held.bit_line_voltage)
        found, _ = solve_nonlinear(tangents.network, cells, sources, tolerance=_WRITE_TOLERANCE, tangents=tangents)
        voltage = (found.word_voltage - found.bit_voltage)[0]
        given = float(source_power(found, sources)[0])
        heat = float((voltage * found.device_current[0]).sum())
        return voltage, PowerBudget(sources=given, devices=heat, lines=given - heat)

    def _held(self, word_line_voltage: FloatArray, bit_line_voltage: FloatArray) -> tuple[FloatArray, PowerBudget]:
        """The same for ideal lines that hold all cells."""
        voltage: FloatArray = word_line_voltage[:, np.newaxis] - bit_line_voltage
        heat = inner_product(voltage, self._present_cells().current_and_slope(voltage)[0])
        return voltage, PowerBudget(sources=heat, devices=heat)

    def read(self, voltages: ArrayLike) -> FloatArray:
        """Currents out of the bit lines at 0 V, A, shape (vectors, bit lines), with wires and noise; no state changes.

        voltages: of the word lines, V, (vectors, word lines).
        """
        volts = np.atleast_2d(validation.array("voltages", voltages))
        if volts.ndim != 2 or volts.shape[1] != self.shape[0]:
            raise validation.wrong_shape("voltages", np.shape(voltages), {"vectors": None, "word lines": self.shape[0]})
        cells = self._present_conductance()
        if self._ideal:
            return self._noisy(product(volts, cells))
        sources = self.array.sources(volts.T)
        found = self._solve(cells, sources)
        return self._noisy(-(found.bit_start_current + found.bit_stop_current))

    def read_back(self, voltages: ArrayLike) -> FloatArray:
        """Currents out of the word lines at 0 V, A, shape (vectors, word lines), for voltages at the ends of the bit
        lines.

        voltages: V, (vectors, bit lines).  The cells and wires are those of `read`; this is the transposed product.
        """
        volts = np.atleast_2d(validation.array("voltages", voltages))
        if volts.ndim != 2 or volts.shape[1] != self.shape[1]:
            raise validation.wrong_shape("voltages", np.shape(voltages), {"vectors": None, "bit lines": self.shape[1]})
        cells = self._present_conductance()
        if self._ideal:
            return self._noisy(product(volts, cells.T))
        found = self._solve(cells, self.array.sources(np.zeros((self.shape[0], len(volts))), volts.T))
        return self._noisy(-(found.word_start_current + found.word_stop_current))

    def _noisy(self, current: FloatArray) -> FloatArray:
        if self.read_noise == 0.0:
            return current
        return current + self.read_noise * self._draw.standard_normal(current.shape)

    def _solve(self, cells: FloatArray, sources: Sources) -> NetworkSolution:
        if self._reader is not None:
            self._reader.set_checked_conductance(cells)
            found = self._reader.solve(sources, tolerance=_READ_TOLERANCE)
            if found.converged:
                return found
        return solve_network(self._network.replace(conductance=cells), sources, tolerance=_READ_TOLERANCE)


def widest_gap(grid: FloatArray, down: float, up: float) -> float:
    """Widest gap between a table's voltages at which devices hop, as a share of the largest of that polarity, V."""
    widest = 0.0
    for side, largest in ((grid[grid >= 0.0], up), (-grid[grid <= 0.0][::-1], down)):
        if side.size and largest > 0.0:
            shares = np.clip(np.concatenate([[0.0], side / largest]), *_HOPPING)
            widest = max(widest, float(np.diff(shares).max()))
    return widest


def ideal(network: Network) -> bool:
    """Whether there is no resistance between the sources and the cells."""
    ends = (network.word_start, network.word_stop, network.bit_start, network.bit_stop)
    segments = (network.word_segment, network.bit_segment)
    if network.bridged:
        return False
    return not any(each.any() for each in segments) and all(bool(((e == 0.0) | np.isinf(e)).all()) for e in ends)
