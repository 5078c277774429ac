"""The write window of one pulse: the voltage that writes a device, and the voltage below which it is not disturbed."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ..device.parameters import DeviceParameters, applied_field
from ..device.variation import vary
from ..drive import PiecewiseLinear, Voltage
from ..simulation import simulate_ensemble
from ..support import validation
from ..support.arrays import FloatArray
from ..support.progress import Progress
from ..support.provenance import provenance
from ..support.random import Seed, generator, recorded
from ..support.validation import InputError
from ..track.landscape import Landscape, check_well_fits
from .thresholds import rest_position

POLARITIES = (1, -1)
WINDOW_STEP = 10e-12
"""Step of RK4 and of the stochastic Heun method here, s."""
_RESOLUTION = 0.01  # of a voltage of the window, relative to it ...
_FINEST = 1e-4  # ... and to the highest voltage


@dataclass(frozen=True, kw_only=True)
class WriteConditions:
    """One write pulse, and the conditions under which devices are written.

    Raises InputError for invalid values, also for an error rate too small for the number of devices.
    """

    width: float = 10e-9
    """Duration of the pulse's top, s."""
    edge: float = 0.0
    """Duration of each of its two edges, straight lines, s; 0: a jump."""
    settle: float = 20e-9
    """How long the wall is followed at zero voltage after the pulse, s."""
    temperature: float = 300.0
    """K."""
    spreads: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Device-to-device standard deviations by name, as `vary` takes them."""
    error_rate: float = 0.05
    """Share of the devices that may respond wrongly to one pulse."""
    devices: int = 256
    """How many are simulated at each voltage; they bound the error rate that can be asked for, 1 / devices."""
    breakdown_voltage: float = 1.0
    """The highest voltage allowed across a device, V.  An assumption: thin MgO barriers withstand 1 to 1.5 V for short
    pulses."""

    def __post_init__(self) -> None:
        for name in ("width", "breakdown_voltage"):
            validation.positive(name, getattr(self, name))
        for name in ("edge", "settle", "temperature"):
            validation.non_negative(name, getattr(self, name))
        validation.whole("devices", self.devices, 2)
        validation.between("error_rate", self.error_rate, 1.0 / self.devices, 0.5)
        if not isinstance(self.spreads, Mapping):
            raise InputError(f"spreads: expected a mapping of names to numbers, got {type(self.spreads).__name__}")

    @property
    def duration(self) -> float:
        """Time from the start of the pulse to the end of settling, s."""
        return self.width + 2.0 * self.edge + self.settle

    def pulse(self, voltage: float) -> PiecewiseLinear:
        """The waveform of a pulse of this voltage, V."""
        top = self.edge, self.edge + self.width
        return PiecewiseLinear((0.0, *top, top[1] + self.edge), (0.0, voltage, voltage, 0.0))


def write_window(
    parameters: DeviceParameters,
    landscape: Landscape,
    conditions: WriteConditions | None = None,
    *,
    external_field: float | None = None,
    seed: Seed = 0,
    progress: bool = False,
) -> xr.Dataset:
    """The voltage of a pulse that frees nearly every wall from its site, and the voltage of one that frees nearly none.

    The wall starts at rest in the landscape's first well.  It counts as freed if |x - x_0| > x_c at any time during the
    pulse or the settling; this does not say where it ends.
    external_field: T, None: cancels the stray field.

    write_voltage is the lowest voltage at which at least 1 - error_rate of the devices leave their site;
    disturb_voltage is the highest voltage at which at most error_rate do.  Each is for the worse of the two polarities
    (which differ under a net field or with a quadratic field-like torque), accurate to 1 % on the safe side.  Both are
    found by bisection, on the assumption that the share rises with the voltage; under a strong net field this fails for
    a few per cent of the voltage.
    All voltages are applied to the same devices, drawn with the seed, with the same thermal fields for each polarity.
    Shares have standard errors of about sqrt(error_rate / devices).  At 0 K without spreads, a single device represents
    all.

    Returns a Dataset: write_voltage (V, inf: none below the breakdown voltage), disturb_voltage (V, 0: walls leave even
    without a voltage), and share_left (polarity, voltage) at the voltages that were simulated.
    """
    asked = validation.instance("conditions", WriteConditions() if conditions is None else conditions, WriteConditions)
    site = validation.instance("landscape", landscape, Landscape).wells[0]
    check_well_fits(validation.instance("parameters", parameters, DeviceParameters), site)
    field = applied_field(parameters, external_field)
    origin = recorded(seed)
    lot = _Lot(parameters, landscape, asked, field, generator(seed))
    highest = asked.breakdown_voltage

    def written(voltage: float) -> bool:
        return bool(lot.share_left(voltage).min() >= 1.0 - asked.error_rate)

    def disturbed(voltage: float) -> bool:
        return bool(lot.share_left(voltage).max() > asked.error_rate)

    with Progress(progress, "write window").bar(2, "limit") as advance:
        write = _bisect(written, highest)[1] if written(highest) else np.inf
        advance(1)
        disturb = highest if not disturbed(highest) else 0.0 if disturbed(0.0) else _bisect(disturbed, highest)[0]
        advance(1)
    shares = lot.shares
    voltages = sorted(shares)
    volts = {"units": "V"}
    return xr.Dataset(
        {
            "write_voltage": ((), write, {"long_name": "write voltage", **volts}),
            "disturb_voltage": ((), disturb, {"long_name": "disturb voltage", **volts}),
            "share_left": (
                ("polarity", "voltage"),
                np.array([shares[voltage] for voltage in voltages]).T,
                {"long_name": "share of the walls that left their site"},
            ),
        },
        coords={
            "voltage": ("voltage", voltages, {"long_name": "voltage of the pulse", **volts}),
            "polarity": list(POLARITIES),
        },
        attrs={
            "experiment": "write_window",
            "width": asked.width,
            "edge": asked.edge,
            "temperature": asked.temperature,
            "external_field": field,
            "error_rate": asked.error_rate,
            "devices": lot.count,
            **provenance([parameters], [landscape], seed=origin),
        },
    )


class _Lot:
    """The devices on which every voltage is tried, with their thermal fields."""

    def __init__(
        self,
        parameters: DeviceParameters,
        landscape: Landscape,
        asked: WriteConditions,
        field: float,
        draw: np.random.Generator,
    ) -> None:
        self.landscape, self.asked, self.field = landscape, asked, field
        self.rest = rest_position(landscape, field + parameters.stray_field, parameters)
        self.count = asked.devices if asked.spreads or asked.temperature > 0.0 else 1
        self.devices = vary(parameters, self.count, asked.spreads, seed=draw) if asked.spreads else [parameters]
        self.streams = draw.integers(0, 2**63, len(POLARITIES)).tolist()
        self.shares: dict[float, FloatArray] = {}

    def share_left(self, voltage: float) -> FloatArray:
        """Share of the walls freed by a pulse of this voltage (V), for each polarity."""
        if voltage not in self.shares:
            self.shares[voltage] = np.array(
                [self._share_left(sign * voltage, key) for sign, key in zip(POLARITIES, self.streams, strict=True)]
            )
        return self.shares[voltage]

    def _share_left(self, voltage: float, stream: int) -> float:
        site = self.landscape.wells[0]
        run = simulate_ensemble(
            self.devices,
            self.landscape,
            Voltage(self.asked.pulse(voltage)),
            [0.0, self.asked.duration],
            devices=self.count,
            initial_position=self.rest,
            external_field=self.field,
            temperature=self.asked.temperature,
            method="heun" if self.asked.temperature > 0.0 else "rk4",
            step=WINDOW_STEP,
            stop_below=site.centre - site.half_width,
            stop_above=site.centre + site.half_width,
            seed=stream,
        )
        return float(np.isfinite(run.passage_time.values).mean())


def _bisect(reached: Callable[[float], bool], highest: float) -> tuple[float, float]:
    """Two neighbouring voltages from 0 to `highest`, of which only the upper one reaches the criterion."""
    low, high = 0.0, highest
    while high - low > max(_RESOLUTION * high, _FINEST * highest):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if reached(middle) else (middle, high)
    return low, high
