"""The main job: what is measured on the paper's device, one `Part` after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from compact_model import checks
from compact_model.anisotropy import demagnetising_anisotropy_field, hybrid_track_width
from compact_model.constants import AMPERE_PER_SQUARE_CENTIMETRE, BOLTZMANN_CONSTANT, NANOMETRE, OERSTED
from compact_model.experiments.escape import retention
from compact_model.experiments.loops import count_levels, resistance_loop
from compact_model.experiments.pulse_trains import potentiation_depression, pulse_train
from compact_model.experiments.thresholds import FIELD_RAMP_RATE, RAMP_RATE, current_threshold, field_threshold
from compact_model.landscape import single_well
from compact_model.lequeux2016 import (
    COERCIVE_FIELD,
    EXTERNAL_FIELD,
    WELL_HALF_WIDTH,
    lequeux2016,
    lequeux2016_track,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEED = 2016
TEMPERATURE = 300.0
TORQUES = ("slonczewski", "field-like", "both")
_MEGA = 1e6 * AMPERE_PER_SQUARE_CENTIMETRE


@dataclass(frozen=True)
class Part:
    """One measurement: how to get its data, its key numbers in words, and its figure."""

    name: str
    title: str
    measure: Callable[[bool], xr.Dataset]
    """Takes whether to show progress."""
    summarise: Callable[[xr.Dataset], list[str]]
    draw: Callable[[xr.Dataset, Figure], None]


def _measure_thresholds(progress: bool) -> xr.Dataset:
    offsets = np.arange(1.0, 30.0, 1.0) * OERSTED
    runs = [
        current_threshold(lequeux2016(), offsets, torques=torques, progress=progress).drop_attrs()
        for torques in TORQUES
    ]
    return xr.concat(runs, xr.Variable("torques", list(TORQUES)))


def _summarise_thresholds(data: xr.Dataset) -> list[str]:
    at = data.sel(repeat=0).interp(offset=15.0 * OERSTED).threshold / _MEGA
    return [
        f"at Delta_H = 15 Oe, H_K = 30 Oe: J_th = {float(at.sel(torques='slonczewski')):.2f}e6 A/cm2 by the "
        f"Slonczewski torque, {float(at.sel(torques='field-like')):.2f}e6 by the field-like torque, "
        f"{float(at.sel(torques='both')):.2f}e6 by both: the Slonczewski torque drives the wall"
    ]


def _draw_thresholds(data: xr.Dataset, figure: Figure) -> None:
    axes = figure.add_subplot()
    for torques, marker in zip(TORQUES, ("o", "s", "x"), strict=True):
        one = data.sel(torques=torques).assign_attrs(torques=torques)
        one.assign_attrs(experiment="current_threshold").dwmtj.plot(axes, marker=marker, markersize=4)
    axes.set_ylim(0.0, 8.0)
    axes.legend(title="torques")


def _measure_levels(progress: bool) -> xr.Dataset:
    device = lequeux2016()
    tracks = [lequeux2016_track(device, seed) for seed in range(16)]
    loop = resistance_loop(
        device,
        tracks,
        amplitude=6.5e-3,
        points=132,
        dwell=300e-9,
        cycles=20,
        external_field=EXTERNAL_FIELD,
        temperature=TEMPERATURE,
        step=50e-12,
        seed=SEED,
        progress=progress,
    )
    return loop.merge(count_levels(loop, device), combine_attrs="override")


def _summarise_levels(data: xr.Dataset) -> list[str]:
    levels = data.levels.values
    inside = int(((levels >= 15) & (levels <= 20)).sum())
    return [
        f"intermediate levels over 20 cycles of 6.5 mA at 300 K: {levels.mean():.1f} +- {levels.std():.1f} on "
        f"{levels.size} seeded tracks, {inside} of them with 15 to 20 (the paper's five samples: 15 to 20); "
        f"{float(data.branch_levels.mean()):.1f} in a single branch of a sweep"
    ]


def _draw_levels(data: xr.Dataset, figure: Figure) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    data.dwmtj.plot(left, device=0, linewidth=0.5)
    for level in data.level_resistance.values[0]:
        left.axhline(level, color="grey", linewidth=0.3)
    counts = np.arange(data.levels.values.min(), data.levels.values.max() + 2) - 0.5
    right.hist(data.levels.values, bins=counts)
    right.axvspan(14.5, 20.5, color="orange", alpha=0.2, label="paper")
    right.set(xlabel="intermediate levels", ylabel="tracks")
    right.legend()


def _measure_depinning(progress: bool) -> xr.Dataset:
    device = lequeux2016()
    well = single_well(device, coercive_field=COERCIVE_FIELD, half_width=WELL_HALF_WIDTH)
    by_current = current_threshold(
        device,
        np.array([3.0, 7.0, 11.0, 15.0]) * OERSTED,
        ramp_rate=0.1 * RAMP_RATE,
        temperature=TEMPERATURE,
        repeats=200,
        seed=SEED,
        step=20e-12,
        progress=progress,
    )
    by_field = field_threshold(
        device,
        well,
        ramp_rate=0.1 * FIELD_RAMP_RATE,
        temperature=TEMPERATURE,
        repeats=200,
        seed=SEED,
        step=20e-12,
        progress=progress,
    )
    return xr.Dataset({"by_current": by_current.threshold, "by_field": by_field.threshold})


def _spread(values: np.ndarray) -> float:
    """Half the distance between the quartiles over the median: a spread that a few late runs do not move."""
    lower, middle, upper = np.percentile(values, [25.0, 50.0, 75.0])
    return float(0.5 * (upper - lower) / middle)


def _summarise_depinning(data: xr.Dataset) -> list[str]:
    current = [100.0 * _spread(row) for row in data.by_current.values]
    field = data.by_field.values
    return [
        f"depinning at 300 K, half the quartile distance over the median: {100.0 * _spread(field):.0f} % driven by "
        f"field (median {np.median(field) / OERSTED:.1f} Oe), {min(current):.0f} to {max(current):.0f} % driven by "
        "current at Delta_H = 3 to 15 Oe"
    ]


def _draw_depinning(data: xr.Dataset, figure: Figure) -> None:
    axes = figure.add_subplot()
    for offset, row in zip(data.offset.values, data.by_current.values, strict=True):
        axes.ecdf(row / np.median(row), label=f"current, {offset / OERSTED:.0f} Oe", linewidth=0.9)
    axes.ecdf(data.by_field.values / np.median(data.by_field.values), label="field", color="black", linewidth=1.6)
    axes.set(xlabel="threshold / median", ylabel="share of ramps", xlim=(0.0, 2.5))
    axes.legend(fontsize="small")


def _measure_pulses(progress: bool) -> xr.Dataset:
    device = lequeux2016()
    return pulse_train(
        device,
        [lequeux2016_track(device, seed) for seed in range(16)],
        potentiation_depression(0.35, 20),
        width=2e-9,
        period=100e-9,
        external_field=EXTERNAL_FIELD,
        temperature=TEMPERATURE,
        initial_position=0.0,
        seed=SEED,
        progress=progress,
    )


def _summarise_pulses(data: xr.Dataset) -> list[str]:
    return [
        f"20 + 20 pulses of 0.35 V, 2 ns: {data.levels.values.mean():.1f} levels on average over 16 tracks, "
        f"{float(data.energy.mean()) * 1e12:.1f} pJ per pulse"
    ]


def _draw_pulses(data: xr.Dataset, figure: Figure) -> None:
    data.isel(device=slice(0, 4)).dwmtj.plot(figure.add_subplot())


def _measure_retention(progress: bool) -> xr.Dataset:
    device = lequeux2016()
    landscape = single_well(device, coercive_field=COERCIVE_FIELD, half_width=0.5 * WELL_HALF_WIDTH)
    return retention(device, landscape, duration=20e-6, devices=128, seed=SEED, progress=progress)


def _summarise_retention(data: xr.Dataset) -> list[str]:
    device = lequeux2016()
    paper = single_well(device, coercive_field=COERCIVE_FIELD, half_width=WELL_HALF_WIDTH).wells[0]
    depth = paper.depth(device) / (BOLTZMANN_CONSTANT * data.attrs["temperature"])
    return [
        f"retention at 300 K in a well of half the paper's width ({float(data.well_depth):.1f} k_B T): "
        f"{1e6 * float(data.mean_escape_time):.1f} us (95 %: {1e6 * float(data.lower_escape_time):.1f} to "
        f"{1e6 * float(data.upper_escape_time):.1f} us); the paper's well is {depth:.1f} k_B T deep, and 40 k_B T need "
        "H_c x_c of about 7.2 Oe um: an output of this one-wall model, not a claim"
    ]


def _draw_retention(data: xr.Dataset, figure: Figure) -> None:
    data.dwmtj.plot(figure.add_subplot())


_WALL_WIDTHS = (10.0 * NANOMETRE, 13.0 * NANOMETRE, 16.6 * NANOMETRE)


def _measure_anisotropy(progress: bool) -> xr.Dataset:
    device = lequeux2016()
    widths = np.arange(50.0, 181.0, 5.0) * NANOMETRE
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
        for wall_width in _WALL_WIDTHS
    ]
    hybrid = [hybrid_track_width(thickness=device.thickness, wall_width=wall_width) for wall_width in _WALL_WIDTHS]
    return xr.Dataset(
        {
            "anisotropy_field": (("wall_width", "track_width"), fields, {"long_name": "H_K", "units": "T"}),
            "hybrid_track_width": (("wall_width",), hybrid, {"long_name": "hybrid width W*", "units": "m"}),
        },
        coords={
            "wall_width": ("wall_width", list(_WALL_WIDTHS), {"long_name": "Delta", "units": "m"}),
            "track_width": ("track_width", widths, {"long_name": "track width W", "units": "m"}),
        },
    )


def _summarise_anisotropy(data: xr.Dataset) -> list[str]:
    pairs = ", ".join(
        f"{1e9 * float(hybrid):.0f} nm for Delta = {1e9 * float(width):.1f} nm"
        for width, hybrid in zip(data.wall_width, data.hybrid_track_width, strict=True)
    )
    return [f"hybrid wall (H_K = 0) at a track width of {pairs}; the paper: 90 to 110 nm"]


def _draw_anisotropy(data: xr.Dataset, figure: Figure) -> None:
    axes = figure.add_subplot()
    for row in data.anisotropy_field:
        label = rf"$\Delta$ = {1e9 * float(row.wall_width):.1f} nm"
        axes.plot(data.track_width / NANOMETRE, row / OERSTED, label=label)
    axes.axhline(0.0, color="black", linewidth=0.5)
    axes.axvspan(90.0, 110.0, color="orange", alpha=0.2, label="paper's hybrid widths")
    axes.set(xlabel="W (nm)", ylabel=r"$H_K$ (Oe)")
    axes.legend(fontsize="small")


def _measure_checks(progress: bool) -> xr.Dataset:
    device = lequeux2016()
    landscape = single_well(device, coercive_field=COERCIVE_FIELD, half_width=WELL_HALF_WIDTH)
    found = checks.check_device(device, landscape)
    return xr.Dataset(
        {"measured": (("check",), list(found.values()), {"long_name": "measured deviation"})},
        coords={"check": list(found)},
    )


def _summarise_checks(data: xr.Dataset) -> list[str]:
    listed = "; ".join(
        f"{name} {value:.1e}" for name, value in zip(data.check.values, data.measured.values, strict=True)
    )
    return [f"physics checks passed (deviation; equipartition in standard errors): {listed}"]


def _draw_checks(data: xr.Dataset, figure: Figure) -> None:
    axes = figure.add_subplot()
    axes.barh(data.check.values, np.maximum(np.abs(data.measured.values), 1e-17))
    axes.set_xscale("log")
    axes.set_xlabel("|deviation| (equipartition: standard errors)")


PARTS = (
    Part("thresholds", "Depinning thresholds (Fig. 3c)", _measure_thresholds, _summarise_thresholds, _draw_thresholds),
    Part("levels", "R-I loops and levels (Fig. 1c)", _measure_levels, _summarise_levels, _draw_levels),
    Part(
        "depinning",
        "Spread of the thresholds (Figs. 2c, 2d)",
        _measure_depinning,
        _summarise_depinning,
        _draw_depinning,
    ),
    Part("pulses", "Potentiation and depression by pulses", _measure_pulses, _summarise_pulses, _draw_pulses),
    Part("retention", "Retention", _measure_retention, _summarise_retention, _draw_retention),
    Part(
        "anisotropy",
        "H_K and the track's width (Fig. 1e)",
        _measure_anisotropy,
        _summarise_anisotropy,
        _draw_anisotropy,
    ),
    Part("checks", "Physics checks", _measure_checks, _summarise_checks, _draw_checks),
)
