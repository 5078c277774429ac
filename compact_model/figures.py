"""The style of all figures: the style file in this folder, sizes for print, panel letters, colour maps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

STYLE = Path(__file__).parent / "dwmtj.mplstyle"
"""A matplotlib style file: `plt.style.use(STYLE)`."""
ONE_COLUMN = (3.5, 2.6)
TWO_COLUMNS = (7.1, 2.8)
"""Width and height in inches; columns of 90 and 180 mm."""
DIVERGING = "RdBu_r"
"""The colour map for quantities of both signs, centred on 0."""
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
"""Colours with a fixed meaning within a figure; a marker or line style repeats it for colour-blind readers."""
MARKERS = "osD^v<>"
"""Line styles that tell neighbouring lines apart in addition to their colours."""


def styled() -> AbstractContextManager[None]:
    """Apply the style while a figure is made."""
    import matplotlib.style

    context: AbstractContextManager[None] = matplotlib.style.context(STYLE)
    return context


def letters(panels: Iterable[Axes]) -> None:
    """(a), (b), ... above the left edge of each panel."""
    for index, panel in enumerate(panels):
        panel.set_title(f"({chr(ord('a') + index)})", loc="left", fontweight="bold")


def size_axis(axes: Axes, sizes: Iterable[int]) -> None:
    """A logarithmic x axis for numbers of lines, with ticks at those computed: 1, 2, 4, 8."""
    lines = [int(size) for size in sizes]
    if len(lines) > 1:
        axes.set_xscale("log", base=2)
    axes.set_xticks(lines, [str(size) for size in lines])
    axes.minorticks_off()


def signed(values: ArrayLike) -> dict[str, Any]:
    """The colours of an image of values: diverging and centred on 0 if some are negative."""
    found = np.asarray(values, dtype=float)
    if not (found < 0.0).any():
        return {}
    largest = float(np.nanmax(np.abs(found)))
    return {"cmap": DIVERGING, "vmin": -largest, "vmax": largest}


def whole_numbers(axis: Axis) -> None:
    """Ticks at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True))


def legend_above(axes: Axes, *, columns: int = 2, **options: Any) -> None:
    """A legend above the axes, where it covers no data."""
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, borderaxespad=0.3, **options)


def in_symbols(words: str) -> str:
    """A text with its symbols typeset as in print: J_th, k_B and single capital letters."""
    return re.sub(r"\b([A-Za-z]+)_([A-Za-z0-9]+)\b", lambda found: rf"${found[1]}_\mathrm{{{found[2]}}}$", words)
