"""A device as a device class of Sandia's CrossSim, for inference: levels, drift and the current-voltage law.

CrossSim: https://github.com/sandialabs/cross-sim; it takes conductances over the highest one, and has no pulses.
"""

import math

import numpy as np

from compact_model.support.validation import InputError

from ..learning.pulsed_device import PulsedDevice
from .measured import bias_law_of
from .modules import header, listed
from .stepping import stable_states


def crosssim_module(device: PulsedDevice, *, variation: float = 0.0) -> str:
    """A Python module with the class `DwmtjDevice` for programming_error, drift_error and nonlinear_IV of CrossSim.

    variation: relative standard deviation of the conductance from device to device, which programming does not know.

    A target goes to the nearest level of one of the table's tracks, drawn at random.  Where the table has hop rates
    (`PulsedDevice.notched(retention=True)`), walls hop from level to level for CrossSim's `time` in seconds; else
    nothing drifts.  The current falls short of Ohm's law where the bias takes TMR away.  Raises InputError.
    """
    if not 0.0 <= variation < 1.0:
        raise InputError(f"variation: expected a number from 0 to 1, got {variation:g}")
    stable = stable_states(device)
    conductance = device.table.conductance.transpose("track", "state").values
    bottom, top = float(conductance[stable].min()), float(conductance[stable].max())
    levels = [(each[kept] / top).tolist() for each, kept in zip(conductance, stable, strict=True)]
    rates = None
    if "hop_rate" in device.table:
        found = device.table.hop_rate.transpose("track", "state", "side").values
        rates = [np.nan_to_num(each[kept]).tolist() for each, kept in zip(found, stable, strict=True)]
    volts, tmr = bias_law_of(device)
    body = f"""LOWEST_LEVEL, HIGHEST_LEVEL = {bottom!r}, {top!r}  # S, at which a device stays
# Of each track: levels over HIGHEST_LEVEL, rising; rates, 1/s, at which a level is left downwards and upwards.
LEVELS = {listed(levels)}
HOP_RATES = {listed(rates)}
VARIATION = {variation!r}
TMR = {tmr!r}
HALF_VOLTAGE = {volts if math.isfinite(volts) else None!r}  # V, at which the TMR has fallen to half; None: it stays

{_CLASS}"""
    return header(device, "CrossSim (tried with 3.2)", usage=_USAGE, imports=_IMPORTS) + body


_USAGE = """Import it, then name its class: params.xbar.device.Rmin = 1 / HIGHEST_LEVEL, Rmax = 1 / LOWEST_LEVEL,
infinite_on_off_ratio = False; programming_error (drift_error, nonlinear_IV).model = "DwmtjDevice", .enable = True.
"""

_IMPORTS = """import numpy as np
from simulator.backend import ComputeBackend
from simulator.devices.idevice import EmptyDevice

xp = ComputeBackend()
"""

_CLASS = '''
class DwmtjDevice(EmptyDevice):
    """Levels, drift and current of the device; conductances over HIGHEST_LEVEL."""

    def read_noise(self, input_):
        return input_

    def programming_error(self, input_):
        """The nearest level of a track drawn for each device, and the device's own deviation."""
        found, _, _ = self._programmed(input_)
        return self._scattered(found).astype(input_.dtype)

    def drift_error(self, input_, time):
        """Programmed, and then left alone for `time` seconds, in which walls hop between levels."""
        found, track, level = self._programmed(input_)
        if HOP_RATES is not None and time > 0.0:
            draw = xp.asarray(np.random.random(track.shape))
            for number, levels in enumerate(LEVELS):
                chain = np.cumsum(_after(HOP_RATES[number], float(time)), axis=1)
                mine = track == number
                rows = xp.asarray(chain)[level[mine]]
                final = xp.minimum((rows <= draw[mine][:, None]).sum(axis=1), len(levels) - 1)
                found[mine] = xp.asarray(levels)[final]
        return self._scattered(found).astype(input_.dtype)

    def nonlinear_current(self, Gmat, Vmat):
        """Current over HIGHEST_LEVEL times the read voltage, of voltages over the read voltage."""
        G = Gmat if Vmat.ndim == Gmat.ndim else Gmat[(..., *(None,) * (Vmat.ndim - Gmat.ndim))]
        if HALF_VOLTAGE is None:
            return G * Vmat
        parallel = HIGHEST_CONDUCTANCE / HIGHEST_LEVEL
        share = (1.0 - G / parallel) * (1.0 + 1.0 / TMR)  # of the antiparallel part of the junction
        volts = Vmat * self.device_params.Vread / HALF_VOLTAGE
        tmr = TMR / (1.0 + volts**2)
        return parallel * (1.0 - share * tmr / (1.0 + tmr)) * Vmat

    def nonlinear_current_sum(self, Gmat, Vterm):
        """Sums of the currents of all inputs, where no resistance couples the cells."""
        if Vterm.ndim == 1:
            return self.nonlinear_current(Gmat, xp.broadcast_to(Vterm, Gmat.shape)).sum(axis=1)
        each = [self.nonlinear_current(Gmat, xp.broadcast_to(one, Gmat.shape)).sum(axis=1) for one in Vterm.T]
        return xp.stack(each, axis=1)

    def _programmed(self, input_):
        """Conductances, and the numbers of the track and of the level of each device."""
        track = xp.asarray(np.random.randint(len(LEVELS), size=input_.shape))
        level = xp.zeros(input_.shape, dtype=int)
        found = xp.zeros(input_.shape)
        for number, levels in enumerate(LEVELS):
            mine, own = track == number, xp.asarray(levels)
            level[mine] = xp.abs(input_[mine][:, None] - own).argmin(axis=1)
            found[mine] = own[level[mine]]
        return found, track, level

    def _scattered(self, found):
        return found * (1.0 + VARIATION * xp.asarray(np.random.standard_normal(found.shape))) if VARIATION else found


def _after(rates, time):
    """Probabilities from level to level after a time, of a chain that hops to its neighbours."""
    down, up = np.array(rates, dtype=float).T
    down[0] = up[-1] = 0.0  # beyond the outermost levels a wall comes back
    generator = np.diag(up[:-1], 1) + np.diag(down[1:], -1) - np.diag(up + down)
    # Symmetric where each barrier is one barrier for both sides; in general by squaring a short step.
    steps = max(0, int(np.ceil(np.log2(max((up + down).max() * time, 1e-300)))) + 10)
    chain = np.eye(len(up)) + generator * (time / 2.0**steps)
    for _ in range(steps):
        chain = chain @ chain
    return np.clip(chain, 0.0, 1.0)
'''
