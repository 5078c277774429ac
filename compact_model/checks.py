"""Physics checks for user-defined devices, each a single line in a test.

    from compact_model import checks, lequeux2016, single_well
    checks.check_device(lequeux2016(), single_well(lequeux2016(), coercive_field=15e-4, half_width=100e-9))

Each check returns the quantity that it measured.  If the bound is exceeded, it raises CheckFailure, an AssertionError,
with both.
"""

import numpy as np

from .constants import BOLTZMANN_CONSTANT
from .device.equilibrium import angle_energy, rest_angle
from .device.junction import conductance, resistance, voltage_at_current
from .device.parameters import DeviceParameters
from .drive import Current, CurrentDensity, Voltage
from .experiments.thresholds import current_threshold, static_current_threshold
from .simulation import simulate, simulate_ensemble
from .support import validation
from .support.arrays import FloatArray
from .support.model_range import unquestioned
from .track.landscape import Landscape, single_well


class CheckFailure(AssertionError):
    """A device that breaks a law of physics, or a parameter set outside the model's range."""


def _require(holds: bool, name: str, measured: float, bound: str) -> float:
    if not holds:
        raise CheckFailure(f"{name}: measured {measured:.6g}, expected {bound}")
    return measured


@unquestioned
def check_resistance_limits(parameters: DeviceParameters) -> float:
    """R is R_P with the wall at the P end, at most R_AP elsewhere, and rises with the antiparallel share.

    Returns the largest relative deviation of R_P and R_AP.
    """
    ends = 1.0 / conductance(parameters, [0.0, 1.0])
    expected = np.array([parameters.parallel_resistance, parameters.antiparallel_resistance])
    deviation = float(np.abs(ends / expected - 1.0).max())
    along = resistance(parameters, np.linspace(0.0, parameters.track_length, 1001))
    _require(bool((np.diff(along) < 0.0).all()), "resistance along x", float(np.diff(along).max()), "a falling R(x)")
    return _require(deviation < 1e-12, "resistance limits", deviation, "below 1e-12")


@unquestioned
def check_passivity(parameters: DeviceParameters, largest_voltage: float = 1.0) -> float:
    """The junction never delivers power: V I >= 0, dI/dV > 0, and I(V) has the inverse V(I).

    Returns the largest relative error of the round trip V -> I -> V, for |V| up to largest_voltage and all x.
    """
    validation.positive("largest_voltage", largest_voltage)
    voltage = np.linspace(-largest_voltage, largest_voltage, 401)
    share = np.linspace(0.0, 1.0, 41)[:, np.newaxis]
    current = voltage * conductance(parameters, share, voltage)
    _require(bool((voltage * current >= 0.0).all()), "power", float((voltage * current).min()), "at least 0 W")
    slope = np.diff(current, axis=1).min()
    _require(slope > 0.0, "differential conductance", float(slope), "above 0")
    back = voltage_at_current(parameters, np.broadcast_to(share, current.shape), current)
    error = float(np.abs(back - voltage).max() / largest_voltage)
    return _require(error < 1e-12, "round trip V(I(V))", error, "below 1e-12")


@unquestioned
def check_continuity(parameters: DeviceParameters, landscape: Landscape) -> float:
    """R(x) has no jump, and the compiled track follows the landscape between its edges.

    Returns the largest deviation of the compiled pinning and anisotropy fields, relative to the largest field.
    """
    from .kernels.tables import COEFFICIENTS, LEFT, RIGHT

    position = np.linspace(0.0, parameters.track_length, 20001)
    jumps = np.abs(np.diff(resistance(parameters, position))).max()
    span = resistance(parameters, [0.0, parameters.track_length])
    largest = 10.0 * parameters.antiparallel_resistance / parameters.parallel_resistance * np.ptp(span) / 20000
    _require(bool(jumps <= largest), "step of R(x)", float(jumps), f"at most {largest:.3g} Ohm in 1/20000 of the track")
    rows = landscape.rows(parameters)
    inner = np.array([0.1, 0.5, 0.9])[:, np.newaxis]
    where = rows[:, LEFT] + inner * (rows[:, RIGHT] - rows[:, LEFT])
    u = 2.0 * inner - 1.0
    powers = u[..., np.newaxis] ** np.arange((rows.shape[1] - COEFFICIENTS) // 2)
    worst = 0.0
    for channel, exact in enumerate((landscape.pinning_field(where), landscape.anisotropy_field(where, parameters))):
        compiled = (rows[:, COEFFICIENTS + channel :: 2] * powers).sum(axis=-1)
        scale = max(float(np.abs(exact).max()), 1e-300)
        worst = max(worst, float(np.abs(compiled - exact).max()) / scale)
    return _require(worst < 1e-9, "compiled track", worst, "below 1e-9 of the largest field")


@unquestioned
def check_methods_agree(parameters: DeviceParameters, landscape: Landscape) -> float:
    """The adaptive method and RK4 at 5 ps end a 20 ns current step at the same place.  Returns the distance in m."""
    current = 0.5 * parameters.walker_current
    ends = [
        float(
            simulate(
                parameters,
                landscape,
                Current.of(current),
                [0.0, 20e-9],
                method=method,
            ).position[-1]
        )
        for method in ("adaptive", "rk4")
    ]
    distance = abs(ends[0] - ends[1])
    return _require(distance < 1e-12, "distance of adaptive and RK4", distance, "below 1e-12 m")


@unquestioned
def check_static_thresholds(
    parameters: DeviceParameters, coercive_field: float, half_width: float, tolerance: float = 0.2
) -> float:
    """The simulated ramp depins the wall at the static threshold, for each torque alone, at Delta_H = H_c / 2 and H_c.

    Returns the largest relative deviation.  A ramp overshoots a low threshold, because the wall needs time to leave.
    """
    deltas = np.array([0.5, 1.0]) * coercive_field
    worst = 0.0
    for torques in ("slonczewski", "field-like"):
        found = current_threshold(
            parameters, deltas, coercive_field=coercive_field, half_width=half_width, torques=torques
        ).threshold.values[:, 0]
        worst = max(worst, float(np.abs(found / static_current_threshold(parameters, deltas, torques) - 1.0).max()))
    return _require(worst < tolerance, "thresholds against statics", worst, f"below {tolerance:g}")


@unquestioned
def check_walker_precession(parameters: DeviceParameters) -> float:
    """At twice the Walker current, the Slonczewski torque alone moves the wall at the analytic mean speed.

    On a track without pinning and without Joule heating the angle turns at the rate -alpha b / (1 + alpha^2).  The
    duration of a turn is the integral of the inverse rate, and the mean of dx/dt over a turn is Delta gamma
    sqrt(sigma_ST^2 - H_K^2/4) / (1 + alpha^2).
    Returns the relative deviation of the mean speed over one hundred turns.
    """
    anisotropy = abs(parameters.anisotropy_field) or 1e-4
    long_track = parameters.replace(track_length=1.0, anisotropy_field=anisotropy, thermal_resistance=0.0)
    density = 2.0 * long_track.walker_current_density
    field = density * long_track.torque_per_current_density
    alpha, gamma = long_track.damping, long_track.gyromagnetic_ratio
    mean = gamma * np.sqrt(field**2 - 0.25 * long_track.anisotropy_field**2) / (1.0 + alpha**2)
    if alpha == 0.0:
        raise CheckFailure("damping: measured 0, expected above 0, since without damping this torque turns no angle")
    duration = 100.0 * np.pi / (alpha * mean)
    run = simulate(
        long_track,
        single_well(long_track, coercive_field=0.0, half_width=1e-9),
        CurrentDensity.of(density),
        [0.0, duration],
        torques="slonczewski",
    )
    speed = float(np.diff(run.position.values)[0]) / duration
    deviation = abs(speed / (long_track.wall_width * mean) - 1.0)
    return _require(deviation < 1e-3, "Walker speed", deviation, "within 1e-3 of the analytic mean")


@unquestioned
def check_equipartition(
    parameters: DeviceParameters,
    *,
    coercive_field: float,
    half_width: float,
    temperature: float = 300.0,
    devices: int = 512,
    seed: int = 0,
) -> float:
    """In a well that the wall cannot leave, <x^2> = k_B T x_c / (2 M_s W t H_c).

    The ensemble starts in equilibrium (normally distributed in x, Boltzmann-distributed in phi), and the check is that
    the thermal fields keep it there.  Returns the deviation in standard errors; raises beyond four.
    """
    validation.positive("coercive_field", coercive_field)
    validation.positive("temperature", temperature)
    # The same curvature, ten times wider: no wall reaches the edge.
    wide = 10.0 * half_width
    track = parameters.replace(track_length=4.0 * wide)
    landscape = single_well(track, coercive_field=10.0 * coercive_field, half_width=wide)
    variance = BOLTZMANN_CONSTANT * temperature * half_width / (parameters.energy_per_field_length * coercive_field)
    draw = np.random.default_rng(seed)
    run = simulate_ensemble(
        track,
        landscape,
        Voltage.of(0.0),
        np.linspace(0.0, 2e-6, 9),
        initial_position=0.5 * track.track_length + np.sqrt(variance) * draw.standard_normal(devices),
        initial_angle=boltzmann_angles(parameters, temperature, devices, draw),
        temperature=temperature,
        step=20e-12,
        seed=draw,
    )
    squares = ((run.position.values[:, -1] - 0.5 * track.track_length) ** 2) / variance
    deviation = float((squares.mean() - 1.0) / np.sqrt(2.0 / devices))
    return _require(abs(deviation) < 4.0, "equipartition of x", deviation, "within 4 standard errors")


def boltzmann_angles(
    parameters: DeviceParameters, temperature: float, count: int, draw: np.random.Generator
) -> FloatArray:
    """Wall angles in rad, drawn from exp(-E / k_B T) by rejection; with H_K alone, E = M_s Delta W t H_K sin^2 phi."""
    validation.positive("temperature", temperature)
    scale = parameters.energy_per_field_length * parameters.wall_width / (BOLTZMANN_CONSTANT * temperature)
    lowest = scale * angle_energy(parameters, np.array(rest_angle(parameters)))
    angles = np.empty(0)
    while angles.size < count:
        trial = draw.uniform(-np.pi, np.pi, 4 * count)
        energy = scale * angle_energy(parameters, trial)
        kept = trial[draw.uniform(size=trial.size) < np.exp(lowest - energy)]
        angles = np.concatenate([angles, kept])
    return angles[:count]


@unquestioned
def check_device(parameters: DeviceParameters, landscape: Landscape) -> dict[str, float]:
    """Run all checks that need no further arguments on a device; returns what each measured, by name."""
    validation.instance("parameters", parameters, DeviceParameters)
    well = validation.instance("landscape", landscape, Landscape).wells[0]
    results = {
        "resistance limits": check_resistance_limits(parameters),
        "passivity": check_passivity(parameters),
        "continuity": check_continuity(parameters, landscape),
        "methods agree": check_methods_agree(parameters, landscape),
        "Walker speed": check_walker_precession(parameters),
    }
    if well.coercive_field > 0.0:
        results["equipartition"] = check_equipartition(
            parameters, coercive_field=well.coercive_field, half_width=well.half_width
        )
    return results
