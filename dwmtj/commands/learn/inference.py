"""`dwmtj learn inference`."""

from pathlib import Path
from typing import Any

import click

from compact_model.validation import between, whole
from crossbar.learning.inference import inference
from crossbar.learning.plots import plot_inference, plot_tiles

from ...array_options import numbers_from
from ...device_options import device_options
from ...digits import divided, load_digits, trained_weights
from ...output import check_outputs, deliver, output_options, table
from .options import device_from, levels_from, trial_options


@click.command(name="inference")
@click.option("--levels", default="2,3,4,6,8,13,16,19,32,64", show_default=True, metavar="N,...", help="Of a device.")
@click.option("--variations", default="0,5,10,20", show_default=True, metavar="%,...", help="Deviations of R_P, %.")
@click.option("--tiles", default="8,16,32,65", show_default=True, metavar="N,...", help="Lines of the largest arrays.")
@click.option("--wire-list", default="0,0.1,1", show_default=True, metavar="Ohm,...", help="Segments, Ohm.")
@click.option("--wired-levels", type=click.IntRange(2), default=16, show_default=True, help="Levels, with wires.")
@click.option("--read-noise", type=float, default=0.0, show_default=True, metavar="%", help="Over one device's, %.")
@trial_options
@device_options
@output_options
def command(
    levels: str,
    variations: str,
    tiles: str,
    wire_list: str,
    wired_levels: int,
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
    """Store weights that scikit-learn trained as pairs of devices, and recognise digits with them (Oe, nm, Ohm)."""
    check_outputs(outputs)
    between("--test-share", test_share, 0.0, 1.0)
    device = device_from(options)
    images, labels = load_digits()
    train, test = divided(labels.size, test_share, whole("--seed", seed, 0))
    result = inference(
        trained_weights(images[train], labels[train]),
        images[test],
        labels[test],
        device=device,
        levels=levels_from(levels),
        variations=[0.01 * value for value in numbers_from("--variations", variations, float)],
        tiles=numbers_from("--tiles", tiles, int),
        wire_resistances=numbers_from("--wire-list", wire_list, float),
        wired_levels=wired_levels,
        read_noise=0.01 * between("--read-noise", read_noise, 0.0, 1e4),
        repeats=repeats,
        seed=seed,
        store=store,
        progress=not quiet,
    )
    mean = 100.0 * result.accuracy.mean("repeat")
    wired = 100.0 * result.wired_accuracy.mean("repeat")
    spreads = [f"{100.0 * value:g} %" for value in result.variation.values]
    parts = [f"floating point: {100.0 * result.attrs['float_accuracy']:.1f} % of {result.attrs['images']} images"]
    for programming in result.programming.values.tolist():
        one = mean.sel(programming=programming)
        rows = [
            [int(count), f"{float(one.sel(arrangement='even', levels=count)[0]):.1f}"]
            + [f"{float(value):.1f}" for value in one.sel(arrangement="random", levels=count)]
            for count in result.levels.values
        ]
        headers = ["levels", f"even, {spreads[0]}", *(f"random, {name}" for name in spreads)]
        parts.append(f"\naccuracy %, {programming}, by variation of R_P\n{table(headers, rows)}")
    rows = [[int(size), *(f"{float(v):.1f}" for v in wired.sel(tile=size))] for size in result.tile.values]
    headers = ["lines", *(f"{segment:g} Ohm" for segment in result.wire_resistance.values)]
    parts.append(f"\naccuracy %, tiles with wires, {wired_levels} levels\n{table(headers, rows)}")
    summary = {
        "float_accuracy": result.attrs["float_accuracy"],
        "levels": result.levels.values.tolist(),
        "variation_percent": (100.0 * result.variation).values.tolist(),
        "accuracy_percent": {
            f"{arrangement}, {way}": mean.sel(arrangement=arrangement, programming=way).values.tolist()
            for arrangement in result.arrangement.values.tolist()
            for way in result.programming.values.tolist()
        },
        "tiles": result.tile.values.tolist(),
        "wire_resistance_ohm": result.wire_resistance.values.tolist(),
        "wired_accuracy_percent": wired.transpose("wire_resistance", "tile").values.tolist(),
    }

    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        plot_inference(result, left)
        plot_tiles(result, right)

    deliver(result, summary, "\n".join(parts), outputs=outputs, as_json=as_json, draw=draw, size=(10.0, 4.0))
