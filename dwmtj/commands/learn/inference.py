"""`dwmtj learn inference`."""

from pathlib import Path
from typing import Any

import click

from compact_model.constants import NANOSECOND
from compact_model.figures import TWO_COLUMNS
from compact_model.support.model_range import spread_from_percent
from compact_model.support.validation import between, positive, whole

from ...digits import divided, load_digits, trained_weights
from ...options.array import fault_options, faults_from_options, numbers_from
from ...options.device import DEVICE
from ...options.help import Command
from ...options.learning import (
    device_from,
    device_line,
    levels_from,
    notched_options,
    retention_from,
    retention_option,
    trial_options,
)
from ...options.read_out import read_noise_from_percent, read_noise_option, read_out_from_options, read_out_options
from ...output import check_outputs, deliver, output_options, table

# Nothing moves here: only a device's size, resistances and depth of notches matter.
_COUNTS = (
    "track_width",
    "thickness",
    "saturation_magnetisation",
    "parallel_resistance",
    "tmr",
    "nucleation_pad_area",
)
_WITHOUT_EFFECT = [item.name for item in DEVICE if item.name not in _COUNTS]


@click.command(
    name="inference",
    cls=Command,
    examples=[
        "learn inference -o inference.png",
        "learn inference --levels 4,16 --tiles 16 --repeats 5 --json",
        "learn inference --levels 16 --encoding offset --slices 2 --dac-bits 4 --bits-per-cycle 1 --adc-bits 6",
    ],
    writes="Accuracies for each number of levels, deviation and tile (.nc), curves of these (.png, .pdf, .svg).",
)
@click.option(
    "--levels",
    default="2,3,4,6,8,13,16,19,32,64",
    show_default=True,
    metavar="N,...",
    help="Numbers of levels of a device.",
)
@click.option(
    "--variations", default="0,5,10,20", show_default=True, metavar="%,...", help="Standard deviations of R_P, %."
)
@click.option(
    "--tiles", default="8,16,32,65", show_default=True, metavar="N,...", help="Numbers of lines of the tiles."
)
@click.option(
    "--wire-resistances", default="0,0.1,1", show_default=True, metavar="Ohm,...", help="Segment resistances, Ohm."
)
@click.option(
    "--wired-levels",
    type=click.IntRange(2),
    default=16,
    show_default=True,
    help="Number of levels in the simulations with wires.",
)
@retention_option()
@click.option(
    "--temperature",
    type=float,
    default=300.0,
    show_default=True,
    metavar="K",
    help="Temperature during --retention, K; tested are --wired-levels levels with ideal wires.",
)
@read_noise_option
@read_out_options
@fault_options
@trial_options
@notched_options(_WITHOUT_EFFECT)
@output_options
def command(
    levels: str,
    variations: str,
    tiles: str,
    wire_resistances: str,
    wired_levels: int,
    retention: str,
    temperature: float,
    read_noise: float,
    repeats: int,
    seed: int,
    test_share: float,
    store: Path | None,
    as_json: bool,
    outputs: tuple[Path, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Recognise digits with weights that were trained by scikit-learn and stored in devices (Oe, nm, Ohm).

    The training images also calibrate the ADCs.
    """
    from crossbar.learning.pretrained import ARRANGEMENTS, MOST_LEVELS, inference
    from crossbar.learning.repeats import mean_and_deviation, written
    from crossbar.plots.learning import plot_inference, plot_tiles

    check_outputs(outputs)
    read_out = read_out_from_options(options, signed=False)
    faults = faults_from_options(options)
    device = device_from(options)
    percent = numbers_from("--variations", variations, float)
    spreads = [spread_from_percent("--variations", between("--variations", value, 0.0, 100.0)) for value in percent]
    images, labels = load_digits()
    train, test = divided(labels, test_share, whole("--seed", seed, 0), name="--test-share")
    result = inference(
        trained_weights(images[train], labels[train]),
        images[test],
        labels[test],
        device=device,
        levels=levels_from(levels, 2),
        variations=spreads,
        tiles=[whole("--tiles", value, 2) for value in numbers_from("--tiles", tiles, int)],
        wire_resistances=numbers_from("--wire-resistances", wire_resistances, float),
        wired_levels=whole("--wired-levels", wired_levels, 2, MOST_LEVELS),
        retention=retention_from(retention),
        temperature=positive("--temperature", temperature),
        read_noise=read_noise_from_percent(read_noise),
        repeats=repeats,
        seed=seed,
        store=store,
        faults=faults,
        samples=None if read_out["adc"] is None else images[train],
        **read_out,
        progress=not quiet,
    )
    mean, deviation = mean_and_deviation(result.accuracy)
    wired, wired_deviation = mean_and_deviation(result.wired_accuracy)
    names = [f"{value:g} %" for value in percent]
    parts = [f"floating point: {100.0 * result.attrs['float_accuracy']:.1f} % of {result.attrs['images']} images"]
    for programming in result.programming.values.tolist():
        rows = []
        for row, count in enumerate(result.levels.values):
            one = {"programming": result.programming.values.tolist().index(programming), "levels": row}
            even, scattered = ({"arrangement": ARRANGEMENTS.index(each), **one} for each in ("even", "random"))
            cells = [written(float(mean[even][0]), float(deviation[even][0]))]
            pairs = zip(mean[scattered].values.tolist(), deviation[scattered].values.tolist(), strict=True)
            rows.append([int(count), *cells, *(written(*pair) for pair in pairs)])
        headers = ["levels", f"even, {names[0]}", *(f"random, {name}" for name in names)]
        parts.append(f"\naccuracy %, {programming}, by variation of R_P\n{table(headers, rows)}")
    rows = []
    for column, size in enumerate(result.tile.values):
        one = {"tile": column}
        pairs = zip(wired[one].values.tolist(), wired_deviation[one].values.tolist(), strict=True)
        rows.append([int(size), *(written(*pair) for pair in pairs)])
    headers = ["lines", *(f"{segment:g} Ohm" for segment in result.wire_resistance.values)]
    ohms = result.attrs["wired_parallel_resistance"]
    parts.append(f"\naccuracy %, tiles with wires, {wired_levels} levels, R_P = {ohms:.0f} Ohm\n{table(headers, rows)}")
    aged: dict[str, Any] = {}
    if "aged_accuracy" in result:
        later, later_deviation = mean_and_deviation(result.aged_accuracy)
        aged = {
            "retention_ns": (result.retention_time / NANOSECOND).values.tolist(),
            "aged_accuracy_percent": (100.0 * later).values.tolist(),
        }
        pairs = zip(later.values.tolist(), later_deviation.values.tolist(), strict=True)
        rows = [[f"{time:g}", written(*pair)] for time, pair in zip(aged["retention_ns"], pairs, strict=True)]
        title = f"accuracy %, {wired_levels} levels, ideal wires, after a time at {temperature:g} K"
        parts.append(f"\n{title}\n{table(['ns', 'random'], rows)}")
    depth = result.depth.min("repeat").values
    parts.append(f"\n{device_line(result, volts=False)}")
    parts.append(
        f"shallowest notch of all: {depth.min():.3g} k_B T at 300 K; means and deviations of {repeats} repeats"
    )
    summary = {
        "float_accuracy": result.attrs["float_accuracy"],
        "levels": result.levels.values.tolist(),
        "variation_percent": (100.0 * result.variation).values.tolist(),
        "accuracy_percent": {
            f"{arrangement}, {way}": (100.0 * mean.sel(arrangement=arrangement, programming=way)).values.tolist()
            for arrangement in result.arrangement.values.tolist()
            for way in result.programming.values.tolist()
        },
        "tiles": result.tile.values.tolist(),
        "wire_resistance_Ohm": result.wire_resistance.values.tolist(),
        "wired_accuracy_percent": (100.0 * wired.transpose("wire_resistance", "tile")).values.tolist(),
        "parallel_resistance_Ohm": result.parallel_resistance.values.tolist(),
        "depth_kT": depth.tolist(),
        **aged,
    }

    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        plot_inference(result, left)
        plot_tiles(result, right)

    deliver(result, summary, "\n".join(parts), outputs=outputs, as_json=as_json, draw=draw, size=TWO_COLUMNS)
