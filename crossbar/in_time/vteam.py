"""The VTEAM memristor, a device without a domain wall: voltages beyond two thresholds move its state.

Kvatinsky, Ramadan, Friedman and Kolodny, VTEAM: a general model for voltage-controlled memristors, IEEE Trans. Circuits
Syst. II 62, 786 (2015), doi 10.1109/TCSII.2015.2433536:

    dw/dt = k_off (v / v_off - 1)^alpha_off f_off(w)    v > v_off > 0
            0                                           v_on <= v <= v_off
            k_on (v / v_on - 1)^alpha_on f_on(w)        v < v_on < 0

with R between R_on at w_on and R_off at w_off.  The right-hand side is a product of a factor that depends on the
voltage and one that depends on the state, so that both can be integrated in closed form under a linearly changing
voltage.  A step therefore has no error, however long it is, and needs no step control.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expi

from compact_model.support import validation
from compact_model.support.arrays import FloatArray, gauss_legendre
from compact_model.support.model_range import relative_spread
from compact_model.support.provenance import digest
from compact_model.support.random import Seed, generator
from compact_model.support.validation import InputError

from ..cells import State, table
from .dynamics import MovingCells, NetlistCell, Saved, SubcircuitText

RESISTANCES = ("linear", "exponential")
WINDOWS = ("rectangular", "team")

_COUPLING_SHARE = 1e-5  # of the range: error from the coupling to the wires
_NEARLY_CONSTANT = 1e-2  # relative change of an overdrive below which its mean power is summed instead of subtracted
_NODES, _WEIGHTS = gauss_legendre(8)
_LARGEST_EXPONENT = 6.5  # exp(exp(6.5)) is near the largest double
_MOST_STEPS = 200
_NANO = 1e-9
_EDGE = 1e-4  # of the range: width of the fall of a netlist's rectangular window, for Newton's method


@dataclass(frozen=True, kw_only=True)
class VteamParameters:
    """One kind of VTEAM memristor, in SI units.

    on_resistance, off_resistance: Ohm, at w_on and at w_off; resistance: R between them, 'linear' in w, or
        'exponential': R = R_on (R_off / R_on)^((w - w_on) / (w_off - w_on)).
    on_state, off_state: m, the limits w_on < w_off of w.
    off_rate, on_rate: m/s, k_off > 0 and k_on < 0.  off_exponent, on_exponent: alpha, at least 1.
    off_voltage, on_voltage: V, the thresholds v_off > 0 and v_on < 0.
    window: 'rectangular', f = 1 up to the ends; or 'team', f_off = exp(-exp((w - a_off) / w_c)) and f_on =
        exp(-exp((a_on - w) / w_c)) with off_window and on_window (a_off, a_on, m; None: w_off, w_on) and window_width
        (w_c, m; None: a twentieth of the range).
    """

    on_resistance: float = 50.0
    off_resistance: float = 1000.0
    resistance: str = "linear"
    on_state: float = 0.0
    off_state: float = 3e-9
    on_rate: float = -10.0
    off_rate: float = 5e-4
    on_exponent: float = 3.0
    off_exponent: float = 1.0
    on_voltage: float = -0.2
    off_voltage: float = 0.02
    window: str = "rectangular"
    on_window: float | None = None
    off_window: float | None = None
    window_width: float | None = None

    def __post_init__(self) -> None:
        validation.positive("on_resistance", self.on_resistance)
        validation.choice("resistance", self.resistance, RESISTANCES)
        validation.choice("window", self.window, WINDOWS)
        for name, least in (("off_resistance", self.on_resistance), ("off_state", self.on_state)):
            if validation.number(name, getattr(self, name)) <= validation.number(name, least):
                raise InputError(f"{name}: expected more than the on state's {least:g}, got {getattr(self, name):g}")
        for name in ("on_rate", "on_voltage"):
            if validation.number(name, getattr(self, name)) >= 0.0:
                raise InputError(f"{name}: expected a number below 0, got {getattr(self, name):g}")
        for name in ("off_rate", "off_voltage"):
            validation.positive(name, getattr(self, name))
        for name in ("on_exponent", "off_exponent"):
            validation.between(name, getattr(self, name), 1.0, 50.0)
        length = self.off_state - self.on_state
        for name, default in (
            ("on_window", self.on_state),
            ("off_window", self.off_state),
            ("window_width", 0.05 * length),
        ):
            given = getattr(self, name)
            object.__setattr__(self, name, default if given is None else validation.number(name, given))
        validation.between("window_width", self.window_width, 1e-3 * length, 1e3 * length)
        for name in ("on_window", "off_window"):
            reach = self._window_place(name)
            if reach > 6.0:
                raise InputError(
                    f"{name}: expected a window that is open somewhere on the range, got {reach:.3g} widths"
                )

    def _window_place(self, name: str) -> float:
        """Number of widths beyond a window's position at which its most open end lies; above 6 the window is shut
        everywhere."""
        width = float(self.window_width or 1.0)
        place = float(getattr(self, name))
        return (self.on_state - place) / width if name == "off_window" else (place - self.off_state) / width


def kvatinsky2015() -> VteamParameters:
    """A device of 50 to 1000 Ohm with a pinched hysteresis loop at 1 V and 50 MHz: the example of the model's authors.

    These are the defaults of VteamParameters and also of MemTorch (Lammie et al. 2022, doi
    10.1016/j.neucom.2022.02.043).
    """
    return VteamParameters()


class Memristors(MovingCells):
    """VTEAM memristors at all crossings: I = V / R(w), and the equation of the VTEAM model for w.

    parameters: one set for all devices, or a sequence with one for each, row by row.  state: w in m, shape (word lines,
    bit lines).  A positive voltage (from word line to bit line) above v_off raises w and the resistance.
    """

    polarity = -1.0
    spreads_in_tables = ("on_resistance", "off_resistance")

    def __init__(self, parameters: VteamParameters | Sequence[VteamParameters], state: ArrayLike) -> None:
        self._state = table("state", state)
        each = validation.several("parameters", parameters, VteamParameters)
        if len(each) not in (1, self._state.size):
            raise InputError(
                f"parameters: expected one set, or one for each of the {self._state.size} devices, got {len(each)}"
            )
        self._parameters = tuple(each)
        self._start, self._stop = self._each("off_state"), self._each("on_state")
        if not self.states[0].inside(self._state):
            raise InputError(
                f"state: expected w between its ends, {self._stop.min():g} to {self._start.max():g} m, got "
                f"{self._state.min():g} to {self._state.max():g} m"
            )

    def _each(self, name: str) -> NDArray[Any]:
        """A parameter of every device, shape (word lines, bit lines), or (1, 1) if all are of one kind."""
        shape = self.shape if len(self._parameters) > 1 else (1, 1)
        return np.array([getattr(item, name) for item in self._parameters]).reshape(shape)

    @property
    def shape(self) -> tuple[int, int]:
        return self._state.shape[0], self._state.shape[1]

    @property
    def parameters(self) -> tuple[VteamParameters, ...]:
        """Parameters of all devices, or of each, row by row."""
        return self._parameters

    @property
    def states(self) -> tuple[State, ...]:
        return (State("internal_state", "internal state w", "m", self._start, self._stop),)

    def values(self) -> dict[str, FloatArray]:
        return {"internal_state": self._state.copy()}

    def copy(self) -> Self:
        return self.at(self._state)

    def at(self, values: FloatArray) -> Self:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._state = np.array(values, dtype=np.float64)
        return other

    def array_of(self, shape: tuple[int, int], spreads: Mapping[str, float], seed: Seed) -> Self:
        one, draw = self._parameters[0], generator(seed)
        kinds = [one]
        if spreads:
            count = shape[0] * shape[1]
            columns: dict[str, FloatArray] = {}
            for name, spread in spreads.items():
                mean = getattr(one, validation.choice("spreads", name, self.spreads_in_tables))
                deviation = np.sqrt(np.log1p(relative_spread(name, spread, at_most=1.0) ** 2))
                columns[name] = mean * np.exp(deviation * draw.standard_normal(count) - 0.5 * deviation**2)
            rows: Iterator[Any] = (
                {name: float(column[index]) for name, column in columns.items()} for index in range(count)
            )
            kinds = [dataclasses.replace(one, **row) for row in rows]
        return type(self)(kinds, np.full(shape, one.off_state))

    def coordinates(self) -> dict[str, tuple[float, dict[str, str]]]:
        one = self._parameters[0]
        return {
            "on_resistance": (one.on_resistance, {"units": "Ohm"}),
            "off_resistance": (one.off_resistance, {"units": "Ohm"}),
        }

    # -- the law ------------------------------------------------------------------------------------------------------

    def _resistance(self) -> FloatArray:
        share = (self._state - self._stop) / (self._start - self._stop)
        on, off = self._each("on_resistance"), self._each("off_resistance")
        linear = on + (off - on) * share
        result: FloatArray = np.where(self._each("resistance") == "linear", linear, on * (off / on) ** share)
        return result

    def current_and_slope(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        conductance = 1.0 / self._resistance()
        return conductance * voltage, conductance

    def at_inputs(self, voltage: FloatArray) -> tuple[FloatArray, FloatArray]:
        conductance = 1.0 / self._resistance()
        return conductance * voltage, np.array(np.broadcast_to(conductance, voltage.shape))

    # -- the motion ---------------------------------------------------------------------------------------------------

    def advance(self, duration: float, voltage: FloatArray, target: FloatArray) -> None:
        # If a voltage passes both thresholds, the one that it leaves comes first.
        falls_first = voltage < 0.0
        for way in (falls_first, ~falls_first):
            for side, chosen in (("on", way), ("off", ~way)):
                limit = self._each(f"{side}_voltage")
                power = _mean_power(voltage / limit - 1.0, target / limit - 1.0, self._each(f"{side}_exponent"))
                path = np.where(chosen, duration * self._each(f"{side}_rate") * power, 0.0)
                if path.any():
                    self._go(side, path)

    def _go(self, side: str, path: FloatArray) -> None:
        """Move the states by a path in m, reduced by the window: the integral of dw / f(w) is the path."""
        moved = self._state + path
        windowed = np.broadcast_to((self._each("window") == "team"), self.shape) & (path != 0.0)
        if windowed.any():
            sign = 1.0 if side == "off" else -1.0
            width, place = self._each("window_width"), self._each(f"{side}_window")
            begin = sign * (self._state - place) / width
            ends = place + sign * width * _behind_window(begin, np.abs(path) / width)
            moved = np.where(windowed, ends, moved)
        self._state = np.clip(moved, self._stop, self._start)

    def sensitivity(self, voltage: FloatArray) -> float:
        fastest = 0.0
        for side in ("on", "off"):
            limit, power = self._each(f"{side}_voltage"), self._each(f"{side}_exponent")
            beyond = np.maximum(voltage / limit - 1.0, 0.0)
            slope = np.abs(self._each(f"{side}_rate") / limit) * power * beyond ** (power - 1.0)
            slope = np.where(voltage / limit > 0.0, slope, 0.0)
            fastest = max(fastest, float((slope * self._window(side)).max()))
        return fastest

    def _window(self, side: str) -> FloatArray:
        """f at the present states; 0 at the limit that they cannot pass."""
        sign, end = (1.0, self._start) if side == "off" else (-1.0, self._stop)
        place = sign * (self._state - self._each(f"{side}_window")) / self._each("window_width")
        shape = np.where(self._each("window") == "team", np.exp(-np.exp(np.minimum(place, _LARGEST_EXPONENT))), 1.0)
        return np.where(self._state == end, 0.0, shape)

    @property
    def tolerance(self) -> float:
        return _COUPLING_SHARE * float((self._start - self._stop).min())

    # -- what goes on, and what tells it apart ------------------------------------------------------------------------

    def save(self) -> Saved:
        return self.values()

    def restore(self, saved: Saved) -> None:
        self._state = np.array(saved["internal_state"], dtype=np.float64)

    def identity(self) -> dict[str, str]:
        return {"devices": digest(repr(self._parameters)), "starting states": digest(self._state)}

    # -- in a netlist -------------------------------------------------------------------------------------------------

    def netlist(self) -> list[NetlistCell]:
        kinds = [
            SubcircuitText(
                name="vteam" if len(self._parameters) == 1 else f"vteam{index}",
                text=_subcircuit("vteam" if len(self._parameters) == 1 else f"vteam{index}", each),
                states=("w",),
                units=(_NANO,),
                current="Bdevice",
            )
            for index, each in enumerate(self._parameters)
        ]
        return [
            NetlistCell(kinds[index % len(kinds)], {"w0": w / _NANO})
            for index, w in enumerate(self._state.ravel().tolist())
        ]


def _mean_power(begin: FloatArray, end: FloatArray, exponent: FloatArray) -> FloatArray:
    """The mean of max(u, 0)^exponent for u changing linearly from begin to end."""
    low, high = np.minimum(begin, end), np.maximum(begin, end)
    least, most = np.maximum(low, 0.0), np.maximum(high, 0.0)
    flat = most - least <= _NEARLY_CONSTANT * most
    span = np.where(high > low, high - low, 1.0)
    steep = (most ** (exponent + 1.0) - least ** (exponent + 1.0)) / ((exponent + 1.0) * span)
    middle, half = 0.5 * (most + least), 0.5 * (most - least)
    summed = sum(
        0.5 * weight * (middle + node * half) ** exponent for node, weight in zip(_NODES, _WEIGHTS, strict=True)
    )
    # The share of the way above 0: all of it if it is flat and not at the threshold.
    share = np.where(high > low, (most - least) / span, np.where(most > 0.0, 1.0, 0.0))
    result: FloatArray = np.where(flat, share * summed, steep)
    return result


def _behind_window(begin: FloatArray, path: FloatArray) -> FloatArray:
    """The z at which the integral of exp(exp(z)) from `begin` is `path`, dimensionless: bisection with Newton steps.

    The integral is Ei(exp(z)); where exp(z) is negligible beside 1, z simply grows by the path.
    """
    low = np.minimum(begin, _LARGEST_EXPONENT)
    wanted = _integral(low) + path
    high = np.minimum(low + path, _LARGEST_EXPONENT)  # the integrand is at least 1
    z = high.copy()
    for number in range(_MOST_STEPS):
        excess = _integral(z) - wanted
        high, low = np.where(excess > 0.0, z, high), np.where(excess <= 0.0, z, low)
        proposed = z - excess * np.exp(-np.exp(z))
        inside = (proposed > low) & (proposed < high) & (number % 3 < 2)
        following = np.where(inside, proposed, 0.5 * (low + high))
        if (np.abs(following - z) <= 1e-14 * (1.0 + np.abs(z))).all():
            return following
        z = following
    return z


def _integral(z: FloatArray) -> FloatArray:
    """Ei(exp(z)) minus Euler's constant: z itself where exp(z) is negligible beside 1."""
    result: FloatArray = np.where(z < -40.0, z, expi(np.exp(np.maximum(z, -40.0))) - np.euler_gamma)
    return result


def _subcircuit(name: str, one: VteamParameters) -> str:
    """One kind of device for ngspice; w in nm at 1 V = 1 nm, times in ns."""
    on, off = one.on_state / _NANO, one.off_state / _NANO
    share = f"((V(w)-({on!r}))/{off - on!r})"
    resistance = f"({one.on_resistance!r}+{one.off_resistance - one.on_resistance!r}*{share})"
    if one.resistance == "exponential":
        resistance = f"({one.on_resistance!r}*exp({float(np.log(one.off_resistance / one.on_resistance))!r}*{share}))"
    edge = _EDGE * (off - on)
    windows = {
        "off": f"max(0.0,min(1.0,({off!r}-V(w))/{edge!r}))",
        "on": f"max(0.0,min(1.0,(V(w)-({on!r}))/{edge!r}))",
    }
    if one.window == "team":
        assert one.off_window is not None
        assert one.on_window is not None
        assert one.window_width is not None
        width = one.window_width / _NANO
        for side, place, sign in (("off", one.off_window, 1.0), ("on", one.on_window, -1.0)):
            windows[side] += f"*exp(-exp(min({sign / width!r}*(V(w)-({place / _NANO!r})),6.5)))"
    rates = []
    for side in ("off", "on"):
        limit, rate, power = (getattr(one, f"{side}_{what}") for what in ("voltage", "rate", "exponent"))
        beyond = f"max(0.0,V(top,bottom)/({limit!r})-1.0)"
        rates.append(f"({rate!r})*({beyond}**{power!r})*{windows[side]}")
    return "\n".join(
        [
            "* VTEAM memristor, doi 10.1109/TCSII.2015.2433536; V(w): the state, 1 V = 1 nm; w0: where it starts, nm",
            f".subckt {name} top bottom w w0={off!r}",
            f"Bdevice top bottom I = V(top,bottom)/{resistance}",
            "* 0 in the operating point, where the state is held, and 1 in a transient",
            "Imoving 0 moving PWL(0 0 1f 1)",
            "Rmoving moving 0 1",
            "* 1 nF and a time in ns make one ampere one nm/ns",
            f"Bw 0 w I = V(moving)*({rates[0]}+{rates[1]}) + (1.0-V(moving))*(w0-V(w))",
            "Cw w 0 1n ic={w0}",
            f".ends {name}",
            "",
        ]
    )
