"""Sensitivity of thresholds and levels to each parameter and each neglected effect, changed by a step.

Each row of the table changes one thing by a stated step (`sensitivity_steps`) and computes all figures again."""

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr

from ..device import heating
from ..device.equilibrium import largest_turn
from ..device.junction import antiparallel_share, voltage_at_current
from ..device.parameters import DeviceParameters, applied_field
from ..device.published import COERCIVE_FIELD, WELL_HALF_WIDTH
from ..drive import Current, ramp
from ..micromagnetics.stripe import Stripe
from ..rates.driven_track import field_like
from ..rates.ramps import LONGEST_SIMULATED
from ..simulation import simulate_ensemble
from ..support import validation
from ..support.arrays import FloatArray
from ..support.progress import Progress
from ..support.provenance import provenance
from ..support.random import Seed, recorded
from ..support.validation import InputError
from ..track.landscape import Landscape, check_well_fits, single_well
from .loops import count_levels, resistance_loop
from .sensitivity_steps import Change, Setting, changes
from .thresholds import RAMP_RATE, rest_position

MARKED = 0.2
"""The relative change above which a row is marked."""
FIGURES = {
    "slonczewski_threshold": ("static threshold of the Slonczewski torque", "A"),
    "field_like_threshold": ("static threshold of the field-like torque", "A"),
    "ramp_threshold": ("threshold of a ramp at 0 K", "A"),
    "thermal_threshold": ("median threshold of a ramp", "A"),
    "levels": ("intermediate levels", ""),
}
_CURRENTS = np.geomspace(1e6, 1e13, 1500)  # A/m2 over the junction's area, at which a static threshold is looked for
_HIGHEST = 6.0  # times the static threshold: the end of a ramp
_THERMAL_STEP = 10e-12  # s
_LOOP_STEP = 50e-12  # s
_AMPLITUDE = 6.5e-3  # A
_POINTS = 132  # in a cycle
_DWELL = 300e-9  # s, at each point


def sensitivity(
    parameters: DeviceParameters,
    *,
    external_field: float | None = None,
    coercive_field: float = COERCIVE_FIELD,
    half_width: float = WELL_HALF_WIDTH,
    temperature: float = 300.0,
    ramp_rate: float = RAMP_RATE,
    repeats: int = 128,
    tracks: int = 16,
    cycles: int = 4,
    names: Sequence[str] | None = None,
    stripe: Stripe | None = None,
    seed: Seed = 0,
    progress: bool = False,
) -> xr.Dataset:
    """Thresholds and the number of levels, with one parameter or effect at a time changed by a step.

    The figures are for a wall at rest in the middle of the track, in a site of coercive_field (T) and half_width (m).
    slonczewski_threshold is the lowest current at which the Slonczewski torque alone leaves no rest angle, and
    field_like_threshold that at which the field-like torque alone leaves no rest position; ramp_threshold is the
    current at which the wall leaves on a ramp at 0 K; thermal_threshold is the median of `repeats` ramps at the
    temperature (K); levels is the mean number of levels over `tracks` tracks of `lequeux2016_track`, each swept by
    +-6.5 mA for `cycles` cycles, as in Fig. 1c.  Thresholds are currents instead of densities, because currents are
    measured in the laboratory.  All rows have the same thermal fields and the same tracks.

    external_field: T, None: cancels the stray field.  ramp_rate: of the current over the area of the unchanged
    junction, A/(m2 s).  repeats, tracks: 0: without that figure.  names: of the rows, None: all.  stripe: the film
    whose K_u and temperature are changed through its wall by micromagnetics (some minutes), None: they are not changed.

    Returns a Dataset over (change, figure): relative_change of each figure, relative to the first row, in which nothing
    is changed; standard_error of it, 0 where the figure is exact; marked, where the change is above 20 % and above
    twice the error.  Over change: each figure itself (A, or a number), step (in words) and effect, whether the change
    is an effect that the model leaves out by default.  An infinite threshold on a ramp means one above six times that
    of the Slonczewski torque in the first row.

    Joule heating is that of the model's own term, with 20 K/mW and the default time constant; its static limits are
    those of a current that has flowed for long.  Its levels are counted, and compared, with a wall at the track's start
    instead of a uniform AP state, which a device that heats up does not have.
    """
    heating.refuse(validation.instance("parameters", parameters, DeviceParameters), "a table of sensitivities")
    base = Setting(
        parameters=parameters,
        external_field=applied_field(parameters, external_field),
        temperature=validation.positive("temperature", temperature),
        coercive_field=validation.positive("coercive_field", coercive_field),
        half_width=validation.positive("half_width", half_width),
    )
    if base.external_field + parameters.stray_field >= base.coercive_field:
        raise InputError(
            f"external_field: expected a net field below H_c, {base.coercive_field:g} T, got "
            f"{base.external_field + parameters.stray_field:g} T"
        )
    rate = validation.positive("ramp_rate", ramp_rate) * parameters.junction_area
    walls, drawn = validation.whole("repeats", repeats, 0), validation.whole("tracks", tracks, 0)
    rounds = validation.whole("cycles", cycles, 1)
    film = None if stripe is None else validation.instance("stripe", stripe, Stripe)
    rows = changes(base, film, progress=progress)
    if names is not None:
        by_name = {row.name: row for row in rows}
        rows = [by_name[name] for name in validation.different("names", names, by_name)]
    highest = _HIGHEST * static_threshold(base, "slonczewski")
    if not 0.0 < highest < np.inf:
        raise InputError("parameters: expected a wall that the Slonczewski torque can turn, got one that it cannot")
    if highest / rate > _HIGHEST * LONGEST_SIMULATED:
        slowest = highest / _HIGHEST / LONGEST_SIMULATED / parameters.junction_area
        raise InputError(
            f"ramp_rate: expected at least {slowest:.3g} A/(m2 s), as ramps are integrated, got {ramp_rate:g}"
        )
    origin = recorded(seed)
    stream = int(np.random.default_rng(seed).integers(2**62))
    found: list[dict[str, FloatArray]] = []
    before: list[dict[str, FloatArray]] = []  # what each row is compared with
    with Progress(progress, "changing").bar(1 + len(rows), "row") as advance:
        for setting in (base, *(row.applied(base) for row in rows)):
            samples = {
                "slonczewski_threshold": np.array([static_threshold(setting, "slonczewski")]),
                "field_like_threshold": np.array([static_threshold(setting, "field-like")]),
                "ramp_threshold": _ramp_thresholds(setting, rate, highest, 1, 0.0, stream),
            }
            if walls:
                samples["thermal_threshold"] = _ramp_thresholds(
                    setting, rate, highest, walls, setting.temperature, stream
                )
            unchanged = dict(found[0]) if found else samples
            if drawn:
                start: float | str = "AP"
                if heating.is_on(setting.parameters):  # a uniform device has no heat: both start with a wall in the pad
                    start = 0.0
                    unchanged["levels"] = _levels(base, drawn, rounds, stream, start)
                samples["levels"] = _levels(setting, drawn, rounds, stream, start)
            found.append(samples)
            before.append(unchanged)
            advance(1)
    return _table(rows, found, before).assign_attrs(
        experiment="sensitivity",
        coercive_field=base.coercive_field,
        half_width=base.half_width,
        external_field=base.external_field,
        temperature=base.temperature,
        ramp_rate=ramp_rate,
        cycles=rounds,
        **provenance([parameters], [_site(base)], seed=origin),
    )


def _site(setting: Setting) -> Landscape:
    track = single_well(setting.parameters, coercive_field=setting.coercive_field, half_width=setting.half_width)
    check_well_fits(setting.parameters, track.wells[0])
    return track


def static_threshold(setting: Setting, torque: str) -> float:
    """The lowest current, A, at which one torque leaves the wall of the site nowhere to rest; inf: there is none.

    'slonczewski': no rest angle, because the torque exceeds the largest slope of the energy under this current's
    voltage; 'field-like': no rest position, because the torque makes up the difference between the net field and
    H_c.  A junction that heats up is as hot as this current makes it after a long time.
    """
    from scipy.optimize import brentq

    if not heating.is_on(setting.parameters):
        return _threshold_at_once(setting, torque)

    def hotter(rise: float) -> float:
        """How much more than this, K, the junction would be heated at the threshold that it has when it is so hot."""
        warm = setting.warmed(rise)
        current = _threshold_at_once(warm, torque)
        if not np.isfinite(current):
            return np.inf
        share = np.array(antiparallel_share(warm.parameters, _resting(warm)))
        power = current * float(voltage_at_current(warm.parameters, share, current))
        return setting.parameters.thermal_resistance * power - rise

    # Far from the Curie temperature, where nothing is left that could hold a wall.
    hottest = 0.9 * (setting.parameters.curie_temperature - setting.parameters.reference_temperature)
    if hotter(0.0) <= 0.0:
        return _threshold_at_once(setting.warmed(0.0), torque)
    if hotter(hottest) >= 0.0:
        return np.inf
    rise = float(brentq(hotter, 0.0, hottest, xtol=1e-12, rtol=1e-12))
    return _threshold_at_once(setting.warmed(rise), torque)


def _resting(setting: Setting) -> float:
    """Where the wall rests in the site, m."""
    return rest_position(_site(setting), setting.external_field + setting.parameters.stray_field)


def _threshold_at_once(setting: Setting, torque: str) -> float:
    """`static_threshold` of a junction that does not heat up."""
    from scipy.optimize import brentq

    device = setting.parameters
    net_field = setting.external_field + device.stray_field
    if net_field >= setting.coercive_field:
        return 0.0
    position = _resting(setting)
    share = float(antiparallel_share(device, position))

    def excess(current: FloatArray) -> FloatArray:
        volts = voltage_at_current(device, np.full(current.shape, share), current)
        by_voltage = device.torque_density == "voltage"
        density = volts / device.resistance_area_product if by_voltage else current / device.junction_area
        if torque == "field-like":
            return net_field + field_like(device, density) - setting.coercive_field
        held = largest_turn(device, volts, sign=-1.0, position=position)
        return np.asarray(device.torque_per_current_density * density - held)

    currents = _CURRENTS * device.junction_area
    free = np.flatnonzero(excess(currents) >= 0.0)
    if free.size == 0:
        return np.inf
    if free[0] == 0:
        return float(currents[0])
    below, above = currents[free[0] - 1], currents[free[0]]
    return float(brentq(lambda current: float(excess(np.array([current]))[0]), below, above, rtol=1e-12))


def _ramp_thresholds(
    setting: Setting, rate: float, highest: float, count: int, temperature: float, seed: int
) -> FloatArray:
    """The currents at which walls leave the site, A; rate: of the current, A/s."""
    track, device = _site(setting), setting.parameters
    site = track.wells[0]
    net_field = setting.external_field + device.stray_field
    if net_field >= site.coercive_field:
        return np.zeros(count)
    stop = highest / rate
    run = simulate_ensemble(
        device,
        track,
        Current(ramp(rate, stop)),
        [0.0, stop],
        devices=count,
        external_field=setting.external_field,
        initial_position=rest_position(track, net_field),
        temperature=temperature,
        method="heun" if temperature > 0.0 else "adaptive",
        step=_THERMAL_STEP,
        stop_below=site.centre - site.half_width,
        stop_above=site.centre + site.half_width,
        seed=seed,
    )
    return rate * np.asarray(run.passage_time.values)


def _levels(setting: Setting, count: int, cycles: int, seed: int, start: float | str) -> FloatArray:
    """The number of levels of each track; start: where the wall is before the sweep, as in `resistance_loop`."""
    loop = resistance_loop(
        setting.parameters,
        [setting.track(number) for number in range(count)],
        cycles=cycles,
        external_field=setting.external_field,
        temperature=setting.temperature,
        amplitude=_AMPLITUDE,
        points=_POINTS,
        dwell=_DWELL,
        initial_position=start,
        step=_LOOP_STEP,
        method="heun",
        seed=seed,
    )
    return np.asarray(count_levels(loop, setting.parameters).levels.values, dtype=np.float64)


def _table(rows: list[Change], found: list[dict[str, FloatArray]], before: list[dict[str, FloatArray]]) -> xr.Dataset:
    """before: of each row of found, the values that it is compared with."""
    figures = [name for name in FIGURES if name in found[0]]
    centre: dict[str, Callable[[FloatArray], float]] = {
        name: (lambda values: float(np.median(values)))
        if name == "thermal_threshold"
        else (lambda v: float(np.mean(v)))
        for name in figures
    }
    values, unchanged = (
        np.array([[centre[name](each[name]) for name in figures] for each in some]) for some in (found, before)
    )
    errors = np.array(
        [[_error(each[name], own[name], name) for name in figures] for each, own in zip(found, before, strict=True)]
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = np.where(values == unchanged, 0.0, values / unchanged - 1.0)
        errors = np.where(errors == 0.0, 0.0, errors / unchanged)
    marked = (np.abs(relative) > MARKED) & (np.abs(relative) > 2.0 * errors)
    over = ("change", "figure")
    figure_values = {
        name: (("change",), values[:, column], {"long_name": FIGURES[name][0], "units": FIGURES[name][1]})
        for column, name in enumerate(figures)
    }
    return xr.Dataset(
        {
            "relative_change": (over, relative, {"long_name": "relative change", "units": ""}),
            "standard_error": (over, errors, {"long_name": "standard error of the relative change", "units": ""}),
            "marked": (over, marked, {"long_name": f"whether it is above {100.0 * MARKED:g} %"}),
            **figure_values,
        },
        coords={
            "change": ["nothing", *(row.name for row in rows)],
            "figure": figures,
            "step": ("change", ["", *(row.step for row in rows)]),
            "effect": ("change", [False, *(row.effect for row in rows)]),
        },
    )


def _error(values: FloatArray, before: FloatArray, name: str) -> float:
    """Standard error of the difference from the reference: of means of pairs, or of two independent medians."""
    if values.size == 1 or values is before:
        return 0.0
    if name == "thermal_threshold":
        return float(np.hypot(_error_of_median(values), _error_of_median(before)))
    return float(np.std(values - before, ddof=1) / np.sqrt(values.size))


def _error_of_median(values: FloatArray) -> float:
    """From the order statistics that enclose the median with the probability of one standard error."""
    ordered = np.sort(values)
    away = 0.5 * np.sqrt(values.size)
    below, above = int(np.floor(0.5 * values.size - away)), int(np.ceil(0.5 * values.size + away)) - 1
    width = ordered[min(above, values.size - 1)] - ordered[max(below, 0)]
    return 0.5 * float(width) if np.isfinite(width) else 0.0
