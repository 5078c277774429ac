"""The main job: the measurements on a device, by default the paper's, as a list of `Part`s."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from compact_model import checks
from compact_model.constants import AMPERE_PER_SQUARE_CENTIMETRE, BOLTZMANN_CONSTANT, NANOMETRE, OERSTED
from compact_model.device.anisotropy import demagnetising_anisotropy_field, hybrid_track_width
from compact_model.device.parameters import DeviceParameters
from compact_model.device.published import COERCIVE_FIELD, WELL_HALF_WIDTH, lequeux2016, lequeux2016_track
from compact_model.drive import Current, pulses
from compact_model.experiments.escape import retention
from compact_model.experiments.loops import count_levels, resistance_loop
from compact_model.experiments.pulse_trains import potentiation_depression, pulse_train
from compact_model.experiments.thresholds import FIELD_RAMP_RATE, RAMP_RATE, current_threshold, field_threshold
from compact_model.methods import RETENTION_STEP
from compact_model.rates.escapes import mean_escape_time
from compact_model.track.wells import ParabolicWell

from .arrays import ARRAY_PARTS
from .learning import LEARNING_PART
from .part import Part, Subject, Summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEED = 2016
TEMPERATURE = 300.0
_STEP = 50e-12  # s, of the paper's walls that hop or escape by chance; its error is far below the statistics
TORQUES = ("slonczewski", "field-like", "both")
_MEGA = 1e6 * AMPERE_PER_SQUARE_CENTIMETRE


def _step(subject: Subject) -> float:
    """The step, s, of walls that wait for chance: the longer one only for the site for which it was tried."""
    paper = Subject(lequeux2016(), COERCIVE_FIELD, WELL_HALF_WIDTH, ParabolicWell)
    return _STEP if subject == paper else RETENTION_STEP


def _measure_thresholds(subject: Subject, progress: bool) -> xr.Dataset:
    offsets = np.arange(1.0, 30.0, 1.0) / 15.0 * subject.coercive_field
    runs = [
        current_threshold(
            subject.parameters,
            offsets,
            coercive_field=subject.coercive_field,
            half_width=subject.half_width,
            kind=subject.kind,
            torques=torques,
            progress=progress,
        ).drop_attrs()
        for torques in TORQUES
    ]
    return xr.concat(runs, xr.Variable("torques", list(TORQUES)))


def _summarise_thresholds(subject: Subject, data: xr.Dataset) -> Summary:
    at = data.threshold.sel(repeat=0).interp(offset=subject.coercive_field) / _MEGA
    alone, field_like, both = (float(at.sel(torques=torques)) for torques in TORQUES)
    return Summary(
        {"slonczewski_1e6_A_per_cm2": alone, "field_like_1e6_A_per_cm2": field_like, "both_1e6_A_per_cm2": both},
        f"at Delta_H = H_c = {subject.coercive_field / OERSTED:g} Oe, J_th is {alone:.2f}e6 A/cm2 with the Slonczewski "
        f"torque alone, {field_like:.2f}e6 with the field-like torque alone and {both:.2f}e6 with both",
    )


def _draw_thresholds(data: xr.Dataset, figure: Figure) -> None:
    axes = figure.add_subplot()
    for torques, marker in zip(TORQUES, ("o", "s", "x"), strict=True):
        one = data.sel(torques=torques).assign_attrs(torques=torques)
        one.assign_attrs(experiment="current_threshold").dwmtj.plot(axes, marker=marker, markersize=4)
    axes.set_ylim(0.0, 3.0 * float(data.threshold.sel(torques="slonczewski").max()) / _MEGA)
    axes.legend(title="torques")


def _sweep_amplitude(device: DeviceParameters) -> float:
    """The paper's 6.5 mA, scaled with the junction's area."""
    return 6.5e-3 * device.junction_area / lequeux2016().junction_area


def _measure_levels(subject: Subject, progress: bool) -> xr.Dataset:
    device = subject.parameters
    tracks = [lequeux2016_track(device, seed) for seed in range(16)]
    loop = resistance_loop(
        device,
        tracks,
        amplitude=_sweep_amplitude(device),
        points=132,
        dwell=300e-9,
        cycles=20,
        temperature=TEMPERATURE,
        step=_STEP,
        seed=SEED,
        progress=progress,
    )
    return loop.merge(count_levels(loop, device), combine_attrs="override")


def _summarise_levels(subject: Subject, data: xr.Dataset) -> Summary:
    levels = data.levels.values
    inside = int(((levels >= 15) & (levels <= 20)).sum())
    branch = float(data.branch_levels.mean())
    return Summary(
        {"mean_levels": float(levels.mean()), "tracks_with_15_to_20": inside, "levels_in_one_branch": branch},
        f"{levels.size} random tracks with 20 sites per um and H_K = 80 +- 30 Oe show {levels.mean():.1f} +- "
        f"{levels.std():.1f} intermediate levels in 20 cycles of {1e3 * _sweep_amplitude(subject.parameters):.3g} mA "
        f"at 300 K; {inside} of them show 15 to 20, as in the paper; a single branch shows {branch:.1f}",
    )


def _draw_levels(data: xr.Dataset, figure: Figure) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    data.dwmtj.plot(left, device=0, linewidth=0.5)
    for level in data.level_resistance.values[0]:
        left.axhline(level, color="grey", linewidth=0.3)
    counts = np.arange(data.levels.values.min(), data.levels.values.max() + 2) - 0.5
    right.hist(data.levels.values, bins=counts)
    right.axvspan(14.5, 20.5, color="orange", alpha=0.2, label="paper")
    right.set(xlabel="intermediate levels", ylabel="tracks")
    right.yaxis.get_major_locator().set_params(integer=True)
    left.set_title("grey lines: levels", fontsize="small")
    right.legend()


def _measure_depinning(subject: Subject, progress: bool) -> xr.Dataset:
    device = subject.parameters
    step = _step(subject)  # 1000 ramps in steps of 20 ps have spreads within 3 % of those in steps of 50 ps
    by_current = current_threshold(
        device,
        np.array([3.0, 7.0, 11.0, 15.0]) / 15.0 * subject.coercive_field,
        coercive_field=subject.coercive_field,
        half_width=subject.half_width,
        kind=subject.kind,
        ramp_rate=0.1 * RAMP_RATE,
        temperature=TEMPERATURE,
        repeats=200,
        seed=SEED,
        step=step,
        progress=progress,
    )
    by_field = field_threshold(
        device,
        subject.site(),
        ramp_rate=0.1 * FIELD_RAMP_RATE,
        temperature=TEMPERATURE,
        repeats=200,
        seed=SEED,
        step=step,
        progress=progress,
    )
    return xr.Dataset({"by_current": by_current.threshold, "by_field": by_field.threshold})


def _spread(values: np.ndarray) -> float:
    """Half the distance between the quartiles over the median: a spread that is insensitive to a few late runs."""
    lower, middle, upper = np.percentile(values, [25.0, 50.0, 75.0])
    return float(0.5 * (upper - lower) / middle)


def _summarise_depinning(subject: Subject, data: xr.Dataset) -> Summary:
    current = [100.0 * _spread(row) for row in data.by_current.values]
    field = 100.0 * _spread(data.by_field.values)
    median = float(np.median(data.by_field)) / OERSTED
    return Summary(
        {"field_percent": field, "lowest_current_percent": min(current), "highest_current_percent": max(current)},
        f"the relative spread at 300 K (half the interquartile range over the median) is {field:.0f} % with field "
        f"(median {median:.1f} Oe) and {min(current):.0f} to {max(current):.0f} % with current, for Delta_H = H_c/5 to "
        "H_c",
    )


def _draw_depinning(data: xr.Dataset, figure: Figure) -> None:
    axes = figure.add_subplot()
    for offset, row in zip(data.offset.values, data.by_current.values, strict=True):
        axes.ecdf(row / np.median(row), label=f"current, {offset / OERSTED:.0f} Oe", linewidth=0.9)
    axes.ecdf(data.by_field.values / np.median(data.by_field.values), label="field", color="black", linewidth=1.6)
    axes.set(xlabel="threshold / median", ylabel="share of ramps", xlim=(0.0, 3.5))
    axes.legend(fontsize="small")


def _measure_pulses(subject: Subject, progress: bool) -> xr.Dataset:
    device = subject.parameters
    return pulse_train(
        device,
        [lequeux2016_track(device, seed) for seed in range(16)],
        potentiation_depression(0.35, 20),
        width=2e-9,
        period=100e-9,
        temperature=TEMPERATURE,
        initial_position=0.0,
        seed=SEED,
        progress=progress,
    )


def _summarise_pulses(subject: Subject, data: xr.Dataset) -> Summary:
    levels, energy = float(data.levels.mean()), 1e12 * float(data.energy.mean())
    return Summary(
        {"mean_levels": levels, "energy_pJ": energy},
        f"20 positive and 20 negative pulses of 0.35 V and 2 ns, on the same tracks, give {levels:.1f} levels on "
        f"average and take {energy:.1f} pJ per pulse",
    )


def _draw_pulses(data: xr.Dataset, figure: Figure) -> None:
    axes = figure.add_subplot()
    data.isel(device=slice(0, 4)).dwmtj.plot(axes)
    axes.legend([f"track {number}" for number in range(4)], fontsize="small")


def _measure_retention(subject: Subject, progress: bool) -> xr.Dataset:
    # 1024 such walls leave after 19.9 us (95 %: 18.4 to 21.5 us) in steps of 20 ps, after 19.8 us in steps of 50 ps.
    return retention(
        subject.parameters,
        subject.site(0.5),
        duration=20e-6,
        devices=128,
        step=_step(subject),
        seed=SEED,
        progress=progress,
    )


def _summarise_retention(subject: Subject, data: xr.Dataset) -> Summary:
    half_time, whole_time = (
        mean_escape_time(subject.parameters, site, TEMPERATURE) for site in (subject.site(0.5), subject.site())
    )
    whole = subject.site().wells[0].depth(subject.parameters) / (BOLTZMANN_CONSTANT * TEMPERATURE)
    mean, lower, upper = (1e6 * float(data[f"{name}_escape_time"]) for name in ("mean", "lower", "upper"))
    measured = (
        f"{mean:.1f} us (95 %: {lower:.1f} to {upper:.1f} us)" if data.escapes else f"above {lower:.0f} us (95 %)"
    )
    return Summary(
        {
            "mean_escape_time_ns": 1e3 * mean,
            "rates_escape_time_ns": 1e9 * half_time,
            "escapes": int(data.escapes),
            "well_depth_kT": whole,
        },
        f"the mean escape time at 300 K from a well of half the width ({float(data.well_depth):.1f} k_B T deep) is "
        f"{measured} by simulation and {1e6 * half_time:.1f} us by rate theory; from the whole well ({whole:.1f} "
        f"k_B T) it is {1e3 * whole_time:.1f} ms by rate theory; a depth of 40 k_B T would need {40.0 / whole:.1f} "
        "times its H_c x_c; all of this is a result of the model, not a claim about a real device",
    )


def _draw_retention(data: xr.Dataset, figure: Figure) -> None:
    data.dwmtj.plot(figure.add_subplot())


def _measure_crosscheck(subject: Subject, progress: bool) -> xr.Dataset:
    from spice.crosschecks import crosscheck

    # Below the Walker current the wall stays in its well and rings; far above it, it leaves over the well's hard edge.
    amplitudes = np.array([0.7, 3.0]) * subject.parameters.walker_current
    return crosscheck(
        subject.parameters,
        subject.site(),
        Current(pulses(amplitudes, width=10e-9, period=30e-9)),
        np.linspace(0.0, 60e-9, 601),
    )


def _summarise_crosscheck(subject: Subject, data: xr.Dataset) -> Summary:
    position = float(data.position_difference) / NANOMETRE
    angle, resistance = float(data.angle_difference), float(data.resistance_difference)
    sensitivity = float(data.sensitivity)
    return Summary(
        {"position_nm": position, "angle_rad": angle, "resistance_Ohm": resistance, "sensitivity": sensitivity},
        f"for two pulses of 0.7 and 3 times the Walker current, Python and ngspice {data.ngspice_version} agree within "
        f"{position:.1g} nm, {angle:.1g} rad and {resistance:.1g} Ohm (a small initial difference grows by a factor "
        f"of {sensitivity:.2g})",
    )


def _draw_crosscheck(data: xr.Dataset, figure: Figure) -> None:
    import spice.plots  # noqa: F401 (data from an earlier run: registers how they draw themselves)

    data.dwmtj.plot(figure.add_subplot())


def _measure_anisotropy(subject: Subject, progress: bool) -> xr.Dataset:
    device = subject.parameters
    widths = np.arange(50.0, 181.0, 5.0) * NANOMETRE
    wall_widths = [0.6 * device.wall_width, 0.8 * device.wall_width, device.wall_width]
    fields = [
        [
            demagnetising_anisotropy_field(
                track_width=width,
                thickness=device.thickness,
                wall_width=wall_width,
                saturation_magnetisation=device.saturation_magnetisation,
            )
            for width in widths.tolist()
        ]
        for wall_width in wall_widths
    ]
    hybrid = [hybrid_track_width(thickness=device.thickness, wall_width=wall_width) for wall_width in wall_widths]
    return xr.Dataset(
        {
            "anisotropy_field": (("wall_width", "track_width"), fields, {"long_name": "H_K", "units": "T"}),
            "hybrid_track_width": (("wall_width",), hybrid, {"long_name": "hybrid width W*", "units": "m"}),
        },
        coords={
            "wall_width": ("wall_width", wall_widths, {"long_name": "Delta", "units": "m"}),
            "track_width": ("track_width", widths, {"long_name": "track width W", "units": "m"}),
        },
    )


def _summarise_anisotropy(subject: Subject, data: xr.Dataset) -> Summary:
    hybrid = {1e9 * float(one.wall_width): 1e9 * float(one) for one in data.hybrid_track_width}
    widths, deltas = ", ".join(f"{each:.0f}" for each in hybrid.values()), ", ".join(f"{each:.1f}" for each in hybrid)
    return Summary(
        {f"hybrid_width_nm_at_{delta:.1f}_nm": width for delta, width in hybrid.items()},
        f"a rigid wall is hybrid (H_K = 0) at a track width of {widths} nm for Delta = {deltas} nm; the paper, and "
        "micromagnetics, have hybrid walls at 90 to 110 nm",
    )


def _draw_anisotropy(data: xr.Dataset, figure: Figure) -> None:
    axes = figure.add_subplot()
    for row in data.anisotropy_field:
        label = rf"$\Delta$ = {1e9 * float(row.wall_width):.1f} nm"
        axes.plot(data.track_width / NANOMETRE, row / OERSTED, label=label)
    axes.axhline(0.0, color="black", linewidth=0.5)
    axes.axvspan(90.0, 110.0, color="orange", alpha=0.2, label="paper's hybrid widths")
    axes.set(xlabel="W (nm)", ylabel=r"$H_\mathrm{K}$ (Oe)")
    axes.legend(fontsize="small")


def _measure_checks(subject: Subject, progress: bool) -> xr.Dataset:
    found = checks.check_device(subject.parameters, subject.site())
    return xr.Dataset(
        {"measured": (("check",), list(found.values()), {"long_name": "measured deviation"})},
        coords={"check": list(found)},
    )


def _summarise_checks(subject: Subject, data: xr.Dataset) -> Summary:
    found = dict(zip(data.check.values.tolist(), data.measured.values.tolist(), strict=True))
    listed = "; ".join(f"{name} {value:.1e}" for name, value in found.items())
    return Summary(found, f"all passed, with these deviations (equipartition in standard errors): {listed}")


def _draw_checks(data: xr.Dataset, figure: Figure) -> None:
    axes = figure.add_subplot()
    axes.barh(data.check.values, np.maximum(np.abs(data.measured.values), 1e-17))
    axes.set_xscale("log")
    axes.set_xlabel("|deviation|, relative (methods agree: m; equipartition: standard errors)", fontsize="small")


PARTS = (
    Part(
        "thresholds",
        "Depinning thresholds (Fig. 3c)",
        _measure_thresholds,
        _summarise_thresholds,
        _draw_thresholds,
    ),
    Part(
        "levels",
        "R-I loops and levels (Fig. 1c)",
        _measure_levels,
        _summarise_levels,
        _draw_levels,
    ),
    Part(
        "depinning",
        "Spread of the thresholds (Figs. 2c, 2d)",
        _measure_depinning,
        _summarise_depinning,
        _draw_depinning,
    ),
    Part(
        "pulses",
        "Potentiation and depression by pulses",
        _measure_pulses,
        _summarise_pulses,
        _draw_pulses,
    ),
    Part(
        "retention",
        "Retention",
        _measure_retention,
        _summarise_retention,
        _draw_retention,
    ),
    Part(
        "anisotropy",
        "H_K and the width of the track (Fig. 1e)",
        _measure_anisotropy,
        _summarise_anisotropy,
        _draw_anisotropy,
    ),
    Part(
        "crosscheck",
        "Comparison of a device with ngspice",
        _measure_crosscheck,
        _summarise_crosscheck,
        _draw_crosscheck,
        requirement="ngspice",
    ),
    Part(
        "checks",
        "Physics checks",
        _measure_checks,
        _summarise_checks,
        _draw_checks,
    ),
    *ARRAY_PARTS,
    LEARNING_PART,
)
