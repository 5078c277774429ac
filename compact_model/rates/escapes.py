"""At which rates walls leave their sites, and where they go, under a constant field and current."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from ..device.equilibrium import angle_field
from ..device.junction import antiparallel_share, voltage_at_current
from ..device.parameters import DeviceParameters, applied_field
from ..drive import CurrentDensity
from ..ensemble import device_arrays
from ..kernels.tables import device_at
from ..kernels.terms import TERMS
from ..simulation import simulate_ensemble
from ..support import validation
from ..support.provenance import provenance
from ..support.random import Seed, generator, recorded
from ..support.validation import ConvergenceError, InputError
from ..track.landscape import Landscape
from .orbits import Escapes, OrbitNetwork, Site
from .potentials import Minimum, Scales, Side, angle_minima, stretches_beyond, track_minima

LEAST_BARRIER = 3.0
"""k_B T: the lowest barrier for which the rates are those of the theory; below it walls are integrated."""
LEAST_TEMPERATURE = 1.0
"""K."""
LARGEST_DAMPING = 0.2
"""Above it walls diffuse back and forth over their barriers, and the rates are too large."""
DIRECT_STEP = 20e-12
"""Step of the stochastic Heun method where walls are integrated, s."""
_DEEPEST = 600.0  # k_B T: no float64 holds the time of a deeper site
_TURN = np.linspace(0.0, 2.0 * np.pi, 721)
_FAR_ABOVE = 10.0  # times the largest slope of the angle's energy, where nobody needs to look for a rest angle
_TURNS = 0.5  # k_B T: a wall that turns gains so much in half a turn, and does not stop again at once
_REGIMES = ((0.3, "energy diffusion"), (3.0, "crossover"), (np.inf, "transition state"))
_HELD = 0.3  # k_B T: over a lower barrier a wall goes at once
_HIGH = 10.0  # k_B T: over a higher one it takes no part of its time to gain the energy
_LEAST_WINDOW = 50e-9  # s
_LONGEST_WINDOW = 100e-6  # s
_LONGER = 100.0  # times the window that the theory asks for, at most


def escape_rates(
    parameters: DeviceParameters,
    landscape: Landscape,
    *,
    external_field: float | None = None,
    current_density: float = 0.0,
    temperature: float = 300.0,
    walls: int = 64,
    destinations: bool = True,
    seed: Seed = 0,
) -> xr.Dataset:
    """Rates, 1/s, at which a wall leaves each site of a track, and where it is caught, under a constant drive.

    external_field: T; None: what cancels the stray field.  current_density: J in the torques, A/m2.  temperature: K.
    walls: how many are integrated at a site whose lowest barrier is below LEAST_BARRIER, with this seed.
    destinations: False leaves out where walls are caught, the costly part on a track of many sites.

    The wall's energy diffuses over the orbits of its own (x, phi) plane, past the barriers along the track and those of
    the angle: see `compact_model.rates.orbits`.  Against direct simulations of wells between 3 and 6 k_B T, with
    damping from 0.002 to 0.05, the mean time is right to 25 % (benchmarks/escape_rates.py).  H_K is that of the site's
    centre.  Below LEAST_BARRIER a rate means little; such sites are integrated, and only the shares of their
    destinations are those of the theory.  Where that would take more than 100 us the theory's rate stays and is marked
    invalid, as all are above LARGEST_DAMPING.

    Returns a Dataset over site, one for each place at which the wall rests under this drive, and destination, 'left
    end', the sites' numbers, 'right end' (beyond the last site):

    position (m), angle (rad) at rest; left_barrier, right_barrier, angle_barrier (k_B T; the last one in the direction
    in which the Slonczewski torque turns the wall); left_rate, right_rate (1/s), of leaving over a barrier's top for
    the first time; escape_time (s), the mean time until then; destination_rate (1/s), of being caught there, returns
    to the own site left out; return_rate (1/s), over end and destination, at which a wall that lies beyond the sites
    comes back to them (transition-state theory, for a wall that the track's end holds no more than its field does);
    orbit_loss, the energy that the damping takes in one orbit at the lowest barrier, k_B T;
    regime, from 'energy diffusion' over 'crossover' to 'transition state'; method, 'rates' or 'direct'; valid.

    Raises InputError where no site holds the wall: its field is too strong, or its current turns the wall at all of
    them (the Walker threshold).
    """
    validation.instance("parameters", parameters, DeviceParameters)
    validation.instance("landscape", landscape, Landscape)
    kelvin = _temperature(temperature)
    density = validation.number("current_density", current_density)
    stray = parameters.stray_field
    external = applied_field(parameters, external_field)
    count = validation.whole("walls", walls, 8)
    validation.flag("destinations", destinations)
    _check_width(parameters, density)
    origin = recorded(seed)
    draw = generator(seed)
    scales = Scales.of(parameters, kelvin)
    track = _track(parameters, landscape, scales, external + stray, density)
    sites = track.sites
    network = OrbitNetwork(sites, track.gaps, track.beyond, scales)
    escapes = network.escapes(destinations) if _within_reach(sites) else _none(len(sites))
    left, right, caught = escapes.left, escapes.right, escapes.caught
    barriers = np.array([_barriers(site) for site in sites])
    lowest = np.array([_lowest(site) for site in sites])
    low = lowest < LEAST_BARRIER
    direct = low & (left + right > 2.0 / _LONGEST_WINDOW)
    for number in np.flatnonzero(direct):
        total = left[number] + right[number]
        window = max(_LEAST_WINDOW, 2.0 / total)
        found = _integrated(
            parameters, landscape, sites[number], scales, external, density, kelvin, count, window, draw
        )
        left[number], right[number] = found
        caught[number] *= sum(found) / total
    total = left + right
    with np.errstate(divide="ignore"):
        times = 1.0 / total
    regimes = [next(name for limit, name in _REGIMES if loss < limit) for loss in escapes.loss]
    per_second = {"units": "1/s"}
    thermal = {"units": "k_B T"}
    data: dict[str, object] = {
        "position": ("site", [s.along.place * scales.length for s in sites], {"long_name": "position", "units": "m"}),
        "angle": ("site", [s.cells[0].place for s in sites], {"long_name": "angle at rest", "units": "rad"}),
        "left_barrier": ("site", barriers[:, 0], {"long_name": "barrier to the left", **thermal}),
        "right_barrier": ("site", barriers[:, 1], {"long_name": "barrier to the right", **thermal}),
        "angle_barrier": ("site", barriers[:, 2], {"long_name": "barrier of the angle", **thermal}),
        "left_rate": ("site", left, {"long_name": "rate of leaving to the left", **per_second}),
        "right_rate": ("site", right, {"long_name": "rate of leaving to the right", **per_second}),
        "escape_time": ("site", times, {"long_name": "mean escape time", "units": "s"}),
        "orbit_loss": ("site", escapes.loss, {"long_name": "loss of energy in one orbit", **thermal}),
        "regime": ("site", regimes, {"long_name": "regime of the damping"}),
        "method": ("site", np.where(direct, "direct", "rates"), {"long_name": "how the rates were found"}),
        "valid": (
            "site",
            (parameters.damping <= LARGEST_DAMPING) & (direct | ~low),
            {"long_name": "within the range of the theory"},
        ),
    }
    if destinations:
        names = {"long_name": "rate of being caught elsewhere", **per_second}
        data["destination_rate"] = (("site", "destination"), caught, names)
        names = {"long_name": "rate of coming back from beyond the sites", **per_second}
        data["return_rate"] = (("end", "destination"), escapes.returning, names)
    return xr.Dataset(
        data,
        coords={
            "site": np.arange(len(sites)),
            "end": ["left end", "right end"],
            "destination": ["left end", *(str(number) for number in range(len(sites))), "right end"],
        },
        attrs={
            "experiment": "escape_rates",
            "external_field": external,
            "current_density": density,
            "temperature": kelvin,
            **provenance([parameters], [landscape], seed=origin),
        },
    )


class _Track(NamedTuple):
    """The sites that hold the wall, the flat stretches between them and the weights of those beyond, in wall widths."""

    sites: list[Site]
    gaps: list[float]
    beyond: tuple[float, float]


def _track(
    parameters: DeviceParameters, landscape: Landscape, scales: Scales, net_field: float, density: float
) -> _Track:
    slonczewski = parameters.torque_per_current_density * density
    profile = landscape.anisotropy
    fields = (parameters.anisotropy_field,) if profile is None else profile.anisotropy_fields
    steepest = max(float(np.abs(angle_field(parameters, _TURN, anisotropy=each)).max()) for each in fields)
    if steepest == 0.0:
        raise InputError("anisotropy_field: expected a field other than 0, got 0: the wall has no angle to rest at")
    if abs(slonczewski) > _FAR_ABOVE * steepest:
        raise _turning(density, max(fields, key=abs))
    field_like = parameters.field_like_ratio * slonczewski
    field_like += parameters.field_like_quadratic * (density * parameters.resistance_area_product) ** 2
    # That of a junction which carries J times its area.
    share = antiparallel_share(parameters, landscape.wells[0].centre)
    voltage = float(voltage_at_current(parameters, share, density * parameters.junction_area))
    held = abs(net_field + field_like) < sum(well.coercive_field for well in landscape.wells)
    places = track_minima(parameters, landscape, scales, net_field + field_like) if held else []
    if not places:
        raise InputError(
            f"landscape: expected a site that holds the wall, got none under {net_field + field_like:g} T (field and "
            "field-like torque)"
        )
    anisotropy = landscape.anisotropy_field(np.array([each.place for each in places]) * scales.length, parameters)
    sites = []
    for place, field in zip(places, anisotropy.tolist(), strict=True):
        cells, drop = angle_minima(parameters, field, slonczewski, voltage, scales)
        if not cells:
            raise _turning(density, field)
        level = min(cell.energy for cell in cells)
        sites.append(Site(place, [_lowered(cell, level) for cell in cells], drop))
    gaps = [
        max(0.0, after.place - after.below.coordinate[-1] - before.place - before.above.coordinate[-1])
        for before, after in pairwise(places)
    ]
    beyond = stretches_beyond(parameters, scales, net_field + field_like, places[0], places[-1])
    return _Track(sites, gaps, beyond)


def _temperature(temperature: float) -> float:
    kelvin = validation.positive("temperature", temperature)
    if kelvin < LEAST_TEMPERATURE:
        raise InputError(f"temperature: expected at least {LEAST_TEMPERATURE:g} K for rates, got {kelvin:g} K")
    return kelvin


def _check_width(parameters: DeviceParameters, density: float) -> None:
    device = device_at(device_arrays([parameters], CurrentDensity.of(0.0), "both", np.zeros(1), 1), 0)
    for term in TERMS:
        if density == 0.0 or term.relative_width is None or not term.is_on(parameters):
            continue
        width: Any = term.relative_width  # a jitted function, which runs as it stands, too
        if width.py_func(device, 0.1) != 1.0:
            on = " and ".join(f"{name} = {getattr(parameters, name):g}" for name in term.switches)
            raise InputError(f"parameters: expected walls that keep their width under a current, got {on}")


def _turning(density: float, field: float) -> InputError:
    return InputError(
        f"current_density: expected less than the Walker threshold of every site, got {density:g} A/m2 where H_K is "
        f"{field:g} T; a wall that turns without end has no rate of escape, integrate it with simulate_ensemble"
    )


def _lowered(cell: Minimum, level: float) -> Minimum:
    below = Side(cell.below.coordinate, cell.below.energy - level)
    above = Side(cell.above.coordinate, cell.above.energy - level)
    return Minimum(cell.place, cell.energy - level, below, above)


def _barriers(site: Site) -> tuple[float, float, float]:
    along, about = site.along, site.cells[0]
    turning = about.below if site.drop >= 0.0 else about.above
    return along.below.top - along.energy, along.above.top - along.energy, turning.top - about.energy


def _lowest(site: Site) -> float:
    """The lowest barrier that leads out of a site: that of the angle does where the torque keeps the wall turning."""
    left, right, angle = _barriers(site)
    return min(left, right, angle) if abs(site.drop) > _TURNS else min(left, right)


def _within_reach(sites: list[Site]) -> bool:
    return min(_lowest(site) for site in sites) < _DEEPEST


def _none(count: int) -> Escapes:
    return Escapes(
        np.zeros(count), np.zeros(count), np.zeros((count, count + 2)), np.zeros((2, count + 2)), np.zeros(count)
    )


def _integrated(
    parameters: DeviceParameters,
    landscape: Landscape,
    site: Site,
    scales: Scales,
    external: float,
    density: float,
    temperature: float,
    walls: int,
    window: float,
    draw: np.random.Generator,
) -> tuple[float, float]:
    """Rates to the left and right from walls that start at rest and are followed until half of them have left.

    window: s, to follow them for at first.
    """
    place = site.along
    left = (place.place - place.below.coordinate[-1]) * scales.length
    right = (place.place + place.above.coordinate[-1]) * scales.length
    last = _LONGER * window
    while True:
        run = simulate_ensemble(
            parameters,
            landscape,
            CurrentDensity.of(density),
            [0.0, window],
            devices=walls,
            initial_position=place.place * scales.length,
            initial_angle=site.cells[0].place,
            external_field=external,
            temperature=temperature,
            step=DIRECT_STEP,
            stop_below=left,
            stop_above=right,
            seed=draw,
        )
        times = run.passage_time.values
        gone = np.isfinite(times)
        if gone.mean() >= 0.5:
            break
        if window >= last:
            raise ConvergenceError(
                f"{int(gone.sum())} of {walls} walls have left the site at {place.place * scales.length:g} m after "
                f"{window:.3g} s, much fewer than its barrier lets expect; simulate it with simulate_ensemble"
            )
        window *= 3.0
    exposure = float(np.minimum(times, window).sum())
    to_the_right = run.position.values[gone, -1] > place.place * scales.length
    return float((~to_the_right).sum()) / exposure, float(to_the_right.sum()) / exposure


@dataclass(frozen=True)
class SiteRate:
    """Of one site, by the theory alone."""

    left: float
    """1/s."""
    right: float
    """1/s."""
    barrier: float
    """The lowest one, k_B T."""

    @property
    def total(self) -> float:
        """1/s."""
        return self.left + self.right


def leaving_rate(
    parameters: DeviceParameters, landscape: Landscape, *, net_field: float, density: float, temperature: float
) -> SiteRate | None:
    """Rates of the site nearest to the landscape's first well, T and A/m2; None where no site holds the wall.

    Of a wall that has been there for long, and without the integration of shallow sites, where a wall on a ramp is
    for no time.
    """
    _check_width(parameters, density)
    if temperature == 0.0:
        return SiteRate(0.0, 0.0, np.inf)
    _temperature(temperature)
    scales = Scales.of(parameters, temperature)
    try:
        track = _track(parameters, landscape, scales, net_field, density)
    except InputError:
        return None
    if min(map(_lowest, track.sites)) < _HELD:
        return None
    if not _within_reach(track.sites):
        return SiteRate(0.0, 0.0, min(map(_lowest, track.sites)))
    network = OrbitNetwork(track.sites, track.gaps, track.beyond, scales)
    if min(map(_lowest, track.sites)) > _HIGH:
        escapes = network.escapes(destinations=False)
        left, right = escapes.left, escapes.right
    else:
        left, right = network.quasi_stationary()
    places = np.array([site.along.place for site in track.sites]) * scales.length
    nearest = int(np.argmin(np.abs(places - landscape.wells[0].centre)))
    return SiteRate(float(left[nearest]), float(right[nearest]), _lowest(track.sites[nearest]))


def mean_escape_time(parameters: DeviceParameters, landscape: Landscape, temperature: float) -> float:
    """Mean time, s, in which a wall leaves the site of the landscape's first well, at zero net field and current.

    By `escape_rates`; inf at 0 K, and 0 where the well holds no wall.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    well = validation.instance("landscape", landscape, Landscape).wells[0]
    kelvin = validation.non_negative("temperature", temperature)
    if kelvin == 0.0:
        return float(np.inf)
    _temperature(kelvin)
    if not track_minima(parameters, landscape, Scales.of(parameters, kelvin), 0.0):
        return 0.0
    rates = escape_rates(parameters, landscape, temperature=kelvin, destinations=False)
    nearest = int(np.argmin(np.abs(rates.position.values - well.centre)))
    return float(rates.escape_time[nearest])
