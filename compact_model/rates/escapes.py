"""Thermal escape rates of walls from their sites, and their destinations, under a constant field and current."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from ..device.parameters import DeviceParameters, applied_field
from ..drive import Current, CurrentDensity, Drive
from ..simulation import simulate_ensemble
from ..support import validation
from ..support.arrays import FloatArray
from ..support.provenance import provenance
from ..support.random import Seed, generator, recorded
from ..support.validation import ConvergenceError, InputError
from ..track.landscape import Landscape
from ..track.resting import resting_push
from .densities import junction_bias
from .driven_track import (
    Bias,
    DrivenTrack,
    barriers,
    check_angles,
    check_temperature,
    check_width,
    constant_density,
    cooling,
    driven_track,
    field_like,
    lowest_barrier,
    strongest_anisotropy,
    within_reach,
)
from .orbits import Captures, OrbitNetwork, Site
from .potentials import Beyond, Scales, track_minima

LEAST_BARRIER = 3.0
"""k_B T: the lowest barrier for which the rates are those of the theory; below it walls are integrated."""
LARGEST_DAMPING = 0.2
"""Above it walls diffuse back and forth over their barriers, which the rates describe only for weaker damping."""
DIRECT_STEP = 20e-12
"""Step of the stochastic Heun method where walls are integrated, s."""
_INSTEAD = "where the barrier of the angle is far below k_B T, integrate the walls: retention, simulate_ensemble"
_REGIMES = ((0.3, "energy diffusion"), (3.0, "crossover"), (np.inf, "transition state"))
HELD = 0.3  # k_B T: a wall crosses a lower barrier at once
_HIGH = 10.0  # k_B T: above this, the time spent gaining the energy is negligible
_NOWHERE = Beyond(0.0, 1.0, 0.0)
_LEAST_WINDOW = 50e-9  # s
_LONGEST_WINDOW = 100e-6  # s
_LONGER = 100.0  # times the window estimated by the theory, at most


def escape_rates(
    parameters: DeviceParameters,
    landscape: Landscape,
    *,
    external_field: float | None = None,
    current_density: float = 0.0,
    current: float | None = None,
    temperature: float = 300.0,
    walls: int = 64,
    destinations: bool = True,
    touches: bool = True,
    seed: Seed = 0,
) -> xr.Dataset:
    """Rates, 1/s, at which a wall leaves each site of a track, and its destinations, under a constant drive.

    external_field: T; None: cancels the stray field.  current_density: J in the torques, A/m2, the same at every
    position.  current: instead of it, the current of a source, A.  Where J is V/RA_P it then changes with R as the wall
    moves, which damps a wall in its site in addition to alpha for I > 0 and heats it for I < 0; at 3 mA in the paper's
    device this is 15 to 33 % of the damping.  temperature: K.
    walls: number of walls that are integrated, with this seed, at a site whose lowest barrier is below LEAST_BARRIER.
    destinations: False omits the destinations, which take most of the time on a track with many sites.
    touches: whether walls count that touch the edge of their site and return (below); those that are integrated do.

    The theory describes the diffusion of the wall's energy over its orbits in the (x, phi) plane, across the barriers
    along the track and those of the angle: see `compact_model.rates.orbits`.  Compared with direct simulations of wells
    between 3 and 6 k_B T at rest, with damping from 0.002 to 0.05, the mean time is correct to 25 %
    (benchmarks/escape_rates.py).  Noise acts on the position itself, so that a wall may touch the edge of its site
    and return, the more often the more damping there is and the steeper the site.  left_rate, right_rate and
    escape_time are those of first passages of the edge, as a simulation with stop_above counts them, or without touches
    those of walls with the energy to pass it; destination_rate counts the latter alone.  H_K is taken at the centre of
    each site.  Below LEAST_BARRIER the theory is not
    reliable; such sites are integrated, and only the relative probabilities of their destinations are taken from the
    theory.  If the integration would take more than 100 us of simulated time, the theoretical rate is kept and marked
    invalid, as are all rates above LARGEST_DAMPING.

    Returns a Dataset over site, one for each rest position under this drive, and destination, 'left end', the numbers
    of the sites, 'right end' (beyond the last site):

    position (m) and angle (rad) at rest; left_barrier, right_barrier, angle_barrier (k_B T; the last one in the
    direction in which the Slonczewski torque turns the wall); left_rate, right_rate (1/s), of crossing the top of a
    barrier for the first time; escape_time (s), the mean time until then; destination_rate (1/s), of being caught at a
    destination, not counting returns to the same site; return_rate (1/s), over end and destination, at which a wall
    outside the sites comes back to them (transition-state theory, and at the end of the track the time until a wall
    that reached it has turned back; a field towards the end turns its angle on, and from alpha H_K / 2 on without end,
    so that such a wall hardly ever returns); orbit_loss, the energy lost to damping in one orbit at the lowest barrier,
    k_B T; regime, 'energy diffusion', 'crossover' or 'transition state'; method, 'rates' or 'direct'; valid.

    Raises InputError if no site holds the wall, because the field is too strong, the current makes the wall precess at
    one of them (the Walker threshold), or a current source heats the wall by more than its damping takes.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    validation.instance("landscape", landscape, Landscape)
    kelvin = check_temperature(parameters, temperature)
    density = validation.number("current_density", current_density)
    bias = constant_density(parameters, density)
    drive: Drive = CurrentDensity.of(density)
    if current is not None:
        amperes = validation.number("current", current)
        if density != 0.0:
            raise InputError(f"current: expected either it or current_density, got {amperes:g} A and {density:g} A/m2")
        bias, drive = junction_bias(parameters, "current", amperes), Current.of(amperes)
        density = amperes / parameters.junction_area
    stray = parameters.stray_field
    external = applied_field(parameters, external_field)
    count = validation.whole("walls", walls, 8)
    validation.flag("destinations", destinations)
    validation.flag("touches", touches)
    check_width(parameters, density != 0.0)
    origin = recorded(seed)
    draw = generator(seed)
    scales = Scales.of(parameters, kelvin)
    track = _held_track(parameters, landscape, scales, external + stray, bias, density)
    sites = track.held
    cold = cooling(parameters, track, scales, bias)
    if cold.min() <= 0.0:
        place = sites[int(np.argmin(cold))].along.place * scales.length
        raise InputError(
            f"current: expected one that heats the wall by less than its damping takes, got {current:g} A with which "
            f"the wall at {place:.4g} m swings by itself; {_INSTEAD}"
        )
    try:
        with np.errstate(divide="ignore", invalid="ignore"):  # sites without orbits are refused below
            escapes = _none(len(sites))
            if within_reach(sites):
                escapes = _escapes(track, cold, scales, destinations, touches)
    except ConvergenceError as error:
        raise ConvergenceError(f"{error}; {_INSTEAD}") from None
    left, right, caught = escapes.left, escapes.right, escapes.captures.caught
    heights = np.array([barriers(site) for site in sites])
    lowest = cold * np.array([lowest_barrier(site) for site in sites])
    _check_found(sites, left + right, lowest, scales)
    low = lowest < LEAST_BARRIER
    direct = low & (left + right > 2.0 / _LONGEST_WINDOW)
    for number in np.flatnonzero(direct):
        total = left[number] + right[number]
        window = max(_LEAST_WINDOW, 2.0 / total)
        found = _integrated(parameters, landscape, sites[number], scales, external, drive, kelvin, count, window, draw)
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
        "left_barrier": ("site", heights[:, 0], {"long_name": "barrier to the left", **thermal}),
        "right_barrier": ("site", heights[:, 1], {"long_name": "barrier to the right", **thermal}),
        "angle_barrier": ("site", heights[:, 2], {"long_name": "barrier of the angle", **thermal}),
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
        data["return_rate"] = (("end", "destination"), escapes.captures.returning, names)
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
            **({"current_density": density} if current is None else {"current": current}),
            "temperature": kelvin,
            **provenance([parameters], [landscape], seed=origin),
        },
    )


def _held_track(
    parameters: DeviceParameters, landscape: Landscape, scales: Scales, net_field: float, bias: Bias, density: float
) -> DrivenTrack:
    """Raise InputError where a site does not hold the wall; density: J, or the value given for it in the message,
    A/m2."""
    check_angles(parameters, landscape)
    track = driven_track(parameters, landscape, scales, net_field, bias)
    if track is None:
        hardest, slope = strongest_anisotropy(parameters, landscape)
        if abs(parameters.torque_per_current_density * density) > slope:
            raise _turning(density, hardest)
        field = net_field + float(field_like(parameters, np.array(density)))
        raise InputError(
            f"landscape: expected a site that holds the wall, got none under {field:g} T (field and field-like torque)"
        )
    for place, site in zip(track.places, track.sites, strict=True):
        if site is None:
            raise _turning(density, float(landscape.anisotropy_field(place.place * scales.length, parameters)))
    return track


def _turning(density: float, field: float) -> InputError:
    return InputError(
        f"current_density: expected less than the Walker threshold of every site, got {density:g} A/m2 where H_K is "
        f"{field:g} T; a precessing wall has no escape rate, use simulate_ensemble"
    )


@dataclass(frozen=True)
class _Escapes:
    """What `OrbitNetwork` finds for all sites of a track."""

    left: FloatArray
    right: FloatArray
    captures: Captures
    loss: FloatArray


def mean_network(track: DrivenTrack, cold: FloatArray, scales: Scales, *, touches: bool = True) -> OrbitNetwork:
    """For a track whose sites all hold the wall: a network has one heat bath, the average of their `cooling`."""
    mean = float(cold.mean())
    sites = [site.scaled(mean) for site in track.held] if mean != 1.0 else track.held
    return OrbitNetwork(sites, track.gaps, track.beyond, scales.cooled(mean), touches=touches)


def _escapes(track: DrivenTrack, cold: FloatArray, scales: Scales, destinations: bool, touches: bool) -> _Escapes:
    """For a track whose sites all hold the wall."""
    network = mean_network(track, cold, scales, touches=touches)
    left, right = network.leaving()
    captures = network.captures() if destinations else Captures.none(left.size)
    if np.ptp(cold) > 0.0:
        # The network has one heat bath, but the rate of leaving a site depends on the site's own.
        before = left + right
        for number, (site, each) in enumerate(zip(track.held, cold.tolist(), strict=True)):
            own = OrbitNetwork([site.scaled(each)], [], (_NOWHERE, _NOWHERE), scales.cooled(each), touches=touches)
            (left[number],), (right[number],) = own.leaving()
        captures = captures.leaving_at(left + right, before)
    return _Escapes(left, right, captures, network.orbit_loss)


def _none(count: int) -> _Escapes:
    return _Escapes(np.zeros(count), np.zeros(count), Captures.none(count), np.zeros(count))


def _integrated(
    parameters: DeviceParameters,
    landscape: Landscape,
    site: Site,
    scales: Scales,
    external: float,
    drive: Drive,
    temperature: float,
    walls: int,
    window: float,
    draw: np.random.Generator,
) -> tuple[float, float]:
    """Rates to the left and right of walls that start at rest and are followed until half of them have left.

    window: the time to follow them at first, s.
    """
    place = site.along
    left = (place.place - place.below.coordinate[-1]) * scales.length
    right = (place.place + place.above.coordinate[-1]) * scales.length
    last = _LONGER * window
    while True:
        run = simulate_ensemble(
            parameters,
            landscape,
            drive,
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
                f"{window:.3g} s, far fewer than expected from its barrier; use simulate_ensemble instead"
            )
        window *= 3.0
    exposure = float(np.minimum(times, window).sum())
    to_the_right = run.position.values[gone, -1] > place.place * scales.length
    return float((~to_the_right).sum()) / exposure, float(to_the_right.sum()) / exposure


@dataclass(frozen=True)
class SiteRate:
    """Escape rates from one site, from theory alone."""

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
    """Rates from the site nearest to the first well, for a field (T) and J (A/m2); None if no site holds the wall.

    They apply to a wall that has been in the site for a long time.  Shallow sites are not integrated, because a wall on
    a ramp spends no time in them.
    """
    check_width(parameters, density != 0.0)
    if temperature == 0.0:
        return SiteRate(0.0, 0.0, np.inf)
    check_temperature(parameters, temperature)
    check_angles(parameters, landscape)
    scales = Scales.of(parameters, temperature)
    track = driven_track(parameters, landscape, scales, net_field, constant_density(parameters, density))
    if track is None or len(track.held) < len(track.sites):
        return None
    sites = track.held
    if min(map(lowest_barrier, sites)) < HELD:
        return None
    left, right = leaving_rates(sites, scales)
    places = np.array([site.along.place for site in sites]) * scales.length
    nearest = int(np.argmin(np.abs(places - landscape.wells[0].centre)))
    return SiteRate(float(left[nearest]), float(right[nearest]), lowest_barrier(sites[nearest]))


def leaving_rates(sites: list[Site], scales: Scales, *, touches: bool = True) -> tuple[FloatArray, FloatArray]:
    """Rates, 1/s, of leaving each site to the left and right, for walls long in it, shape (sites,) each.

    touches: as of `OrbitNetwork`.
    """
    if not within_reach(sites):
        return np.zeros(len(sites)), np.zeros(len(sites))
    network = OrbitNetwork(sites, [0.0] * (len(sites) - 1), (_NOWHERE, _NOWHERE), scales, touches=touches)
    lowest = np.array([lowest_barrier(site) for site in sites])
    high = lowest > _HIGH
    left, right = np.zeros(high.size), np.zeros(high.size)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # sites without orbits are refused below
        if not high.all():
            left, right = network.quasi_stationary()
        if high.any():
            rested = network.leaving()
            left, right = np.where(high, rested[0], left), np.where(high, rested[1], right)
    _check_found(sites, left + right, lowest, scales)
    return left, right


def _check_found(sites: list[Site], rate: FloatArray, lowest: FloatArray, scales: Scales) -> None:
    """A ConvergenceError for a site without a rate although its lowest barrier (k_B T) is within reach."""
    lost = np.array([within_reach([site]) for site in sites]) & ~(rate > 0.0)
    if lost.any():
        nowhere = int(np.argmax(lost))
        place = sites[nowhere].along.place * scales.length
        raise ConvergenceError(
            f"the rate theory finds no rate for the site at {place:.4g} m, its lowest barrier is {lowest[nowhere]:.3g} "
            f"k_B T and that of the angle {barriers(sites[nowhere])[2]:.2g} k_B T; {_INSTEAD}"
        )


def mean_escape_time(parameters: DeviceParameters, landscape: Landscape, temperature: float) -> float:
    """Mean time, s, until a wall leaves the landscape's first well at zero net field and current.

    It is computed by `escape_rates`; inf at 0 K, and 0 if the well does not hold a wall.
    """
    validation.instance("parameters", parameters, DeviceParameters)
    well = validation.instance("landscape", landscape, Landscape).wells[0]
    kelvin = validation.non_negative("temperature", temperature)
    if kelvin == 0.0:
        return float(np.inf)
    check_temperature(parameters, kelvin)
    scales = Scales.of(parameters, kelvin)
    if not track_minima(parameters, landscape, scales, lambda place: resting_push(parameters, landscape, place)):
        return 0.0
    rates = escape_rates(parameters, landscape, temperature=kelvin, destinations=False)
    nearest = int(np.argmin(np.abs(rates.position.values - well.centre)))
    return float(rates.escape_time[nearest])
