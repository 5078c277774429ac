"""The state of an array as an animation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from compact_model.support import validation
from compact_model.support.validation import InputError

from .in_time import cell_label, cell_values, first_state

# The quantity shown for each kind of result ("": the devices' first state), and the dimension of the frames.
FRAMES = {
    "array_in_time": ("", "time"),
    "programming": ("conductance_after_row", "row"),
    "write_disturb": ("displacement", "pulse"),
    "update_curves": ("conductance", "pulse"),
}
_MOST_FRAMES = 200


def animate(result: xr.Dataset, path: str | Path, *, frames_per_second: int = 12) -> None:
    """Write a result over time, rows or pulses as an animated GIF, one frame for each, at most 200.

    Raises InputError for a result without such a dimension; one of `program` needs its `history`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    validation.instance("result", result, xr.Dataset)
    if not isinstance(path, str | Path) or Path(path).suffix.lower() != ".gif":
        raise InputError(f"path: expected the name of a .gif file, got {validation.shown(path)}")
    kind = result.attrs.get("experiment", "none")
    if kind not in FRAMES or (FRAMES[kind][0] or first_state(result)) not in result:
        raise InputError(
            f"result: expected one of {', '.join(FRAMES)} with its states over time (program: history=True), got {kind}"
        )
    rate = validation.whole("frames_per_second", frames_per_second, 1)
    variable, dimension = FRAMES[kind][0] or first_state(result), FRAMES[kind][1]
    values = cell_values(result, variable)
    shown = np.unique(np.linspace(0, len(values) - 1, min(len(values), _MOST_FRAMES)).round().astype(int))
    figure = Figure(figsize=(4.6, 4.0), layout="constrained", dpi=100)
    canvas: Any = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    image = axes.imshow(values[0], vmin=float(values.min()), vmax=float(values.max()), interpolation="nearest")
    figure.colorbar(image, ax=axes, label=cell_label(result, variable))
    axes.set(xlabel="bit line", ylabel="word line", title=" ")
    # Everything but the image, its frame and the title is drawn once.
    changing = (image, *axes.spines.values(), axes.title)
    for artist in changing:
        artist.set_animated(True)
    canvas.draw()
    rest = canvas.copy_from_bbox(figure.bbox)
    pictures = []
    for index in shown.tolist():
        at = f"{1e9 * float(result.time[index]):.2f} ns" if dimension == "time" else f"{dimension} {index}"
        image.set_data(values[index])
        axes.set_title(at, fontsize="small")
        canvas.restore_region(rest)
        for artist in changing:
            axes.draw_artist(artist)
        pictures.append(Image.fromarray(np.array(canvas.buffer_rgba())[:, :, :3]))
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=int(1000 / rate), loop=0)
