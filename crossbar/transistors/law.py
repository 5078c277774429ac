"""The access transistor: the level 1 law of SPICE (Shichman and Hodges 1968, doi 10.1109/JSSC.1968.1049902)."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from compact_model.support import validation
from compact_model.support.arrays import FloatArray, ReadOnlyArrays
from compact_model.support.validation import InputError


@dataclass(frozen=True, kw_only=True, eq=False)
class MosTransistor(ReadOnlyArrays):
    """An n-channel transistor with its bulk at 0 V, SPICE level 1.

    Each parameter is a number for all cells or has the shape (word lines, bit lines).  With V_GS and V_DS relative to
    the terminal at the lower potential, V_S above the bulk, and beta = K' W / L:

        V_T = V_T0 + gamma (sqrt(phi + V_S) - sqrt(phi))
        I = 0                                                              V_GS <= V_T
        I = beta (1 + lambda V_DS) V_DS (V_GS - V_T - V_DS / 2)            V_DS < V_GS - V_T
        I = beta (1 + lambda V_DS) (V_GS - V_T)^2 / 2                      otherwise

    plus V_DS / off_resistance.  The potentials determine which terminal is the source, so that a cell written from its
    other side loses gate voltage to its own junction, as on a chip.  Raises InputError.
    """

    threshold_voltage: ArrayLike
    """V_T0, V."""
    transconductance: ArrayLike
    """K', the mobility times the capacitance of the gate's oxide, A/V2."""
    width: ArrayLike
    """W, m."""
    length: ArrayLike
    """L, m."""
    body_effect: ArrayLike = 0.0
    """gamma, V^0.5."""
    surface_potential: ArrayLike = 0.6
    """phi, V."""
    channel_length_modulation: ArrayLike = 0.0
    """lambda, 1/V."""
    off_resistance: ArrayLike = np.inf
    """Resistance between source and drain, independent of the gate, Ohm; infinite: none."""

    def __post_init__(self) -> None:
        for field in fields(self):
            name = field.name
            given = getattr(self, name)
            if name == "off_resistance" and isinstance(given, float) and given == np.inf:
                continue
            values = validation.array(name, given, ("word_line", "bit_line"))
            if values.ndim not in (0, 2):
                raise validation.wrong_shape(name, values.shape, {}, {"word lines": None, "bit lines": None})
            if name in ("body_effect", "channel_length_modulation"):
                if (values < 0.0).any():
                    raise InputError(f"{name}: expected values of at least 0, got {values.min():g}")
            elif name != "threshold_voltage" and not (values > 0.0).all():
                raise InputError(f"{name}: expected values above 0, got {values.min():g}")
            object.__setattr__(self, name, values if values.ndim else values.item())
        self.lock_arrays()

    @property
    def leaks(self) -> bool:
        """Whether every transistor conducts when it is off."""
        return bool(np.isfinite(self.off_resistance).all())

    def check_shape(self, shape: tuple[int, int]) -> None:
        """Raise InputError if a parameter given for each cell does not have this shape."""
        for field in fields(self):
            given = np.shape(getattr(self, field.name))
            if given not in ((), shape):
                raise validation.wrong_shape(field.name, given, {}, {"word lines": shape[0], "bit lines": shape[1]})

    def current_and_slopes(
        self, first: FloatArray, second: FloatArray, gate: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The current from the first to the second terminal, A, and its slopes with their potentials, S.

        first, second, gate: V relative to the bulk, broadcastable to shape (word lines, bit lines).  The first slope is
        at least 0, the second at most 0.
        """
        forward = first >= second
        low = np.where(forward, second, first)
        across = np.abs(first - second)
        root = np.sqrt(np.asarray(self.surface_potential))
        # Below 0 V the square root continues linearly, as in SPICE.
        straight = root + low / (2.0 * root)
        depleted = low >= 0.0
        bulk = np.where(depleted, np.sqrt(np.asarray(self.surface_potential) + np.maximum(low, 0.0)), straight)
        clipped = bulk < 0.0
        bulk = np.where(clipped, 0.0, bulk)
        bend = 0.5 / np.where(depleted, bulk, root)
        gamma = np.asarray(self.body_effect)
        threshold = np.asarray(self.threshold_voltage) + gamma * (bulk - root)
        threshold_slope = np.where(clipped, 0.0, gamma * bend)
        overdrive = np.maximum(gate - low - threshold, 0.0)
        factor = np.asarray(self.transconductance) * np.asarray(self.width) / np.asarray(self.length)
        longer = 1.0 + np.asarray(self.channel_length_modulation) * across
        saturated = overdrive <= across
        inner = np.where(saturated, 0.5 * overdrive**2, across * (overdrive - 0.5 * across))
        by_gate = factor * longer * np.where(saturated, overdrive, across)
        by_drain = factor * (
            longer * np.where(saturated, 0.0, overdrive - across) + np.asarray(self.channel_length_modulation) * inner
        )
        leak = 1.0 / np.asarray(self.off_resistance)
        size = factor * longer * inner + leak * across
        at_high = by_drain + leak
        at_low = -(by_gate * (1.0 + threshold_slope) + by_drain + leak)
        return (
            np.where(forward, size, -size),
            np.where(forward, at_high, -at_low),
            np.where(forward, at_low, -at_high),
        )
