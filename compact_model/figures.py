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
    from matplotlib.figure import Figure

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


def letters(figure: Figure) -> None:
    """(a), (b), ... at the upper left corner of each panel of a figure that has several; colour bars get none.

    They stand outside of the axes, where neither a title, nor a legend above the axes, nor a label of an axis is.
    """
    panels = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    if len(panels) < 2:
        return
    for index, panel in enumerate(panels):
        panel.annotate(
            f"({chr(ord('a') + index)})",
            (0.0, 1.0),
            (-6.0, 5.0),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="right",
            fontweight="bold",
            annotation_clip=False,
        )


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


def ink_on(colour: Any) -> str:
    """Black or white, whichever stands out more on a colour, which if translucent lies on white: 4.5 to 1 or more.

    By the relative luminance of the Web Content Accessibility Guidelines 2.2.
    """
    from matplotlib.colors import to_rgba

    *rgb, alpha = to_rgba(colour)
    seen = 1.0 - alpha * (1.0 - np.array(rgb))
    linear = np.where(seen <= 0.04045, seen / 12.92, ((seen + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ (0.2126, 0.7152, 0.0722))
    return "black" if (luminance + 0.05) ** 2 > 0.05 * 1.05 else "white"


def whole_numbers(axis: Axis) -> None:
    """Ticks at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True))


def legend_above(axes: Axes, *, columns: int = 2, **options: Any) -> None:
    """A legend above the axes, where it covers no data."""
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, borderaxespad=0.3, **options)


_GREEK = ("alpha", "gamma", "zeta", "xi", "tau", "Delta")
_LETTERS = "|".join(_GREEK)
_SYMBOL = re.compile(
    rf"\b(?P<base>[A-Za-z]|RA|{_LETTERS})_(?P<index>[A-Za-z0-9]+)\b|(?P<alone>\b(?:{_LETTERS})\b|(?<=, )[A-Z]$)"
)


def in_symbols(words: str) -> str:
    """A text with its symbols typeset as in print: J_th, k_B, Greek letters, and a capital letter after a comma at its
    end.
    """

    def symbol(found: re.Match[str]) -> str:
        letter, index = found["base"] or found["alone"], found["index"]
        base = rf"\{letter}" if letter in _GREEK else letter
        return rf"${base}_\mathrm{{{index}}}$" if index else f"${base}$"

    return _SYMBOL.sub(symbol, words)


def unit_in_print(unit: str) -> str:
    """A unit of the command line as it is printed: Ω for Ohm, and 2 raised in cm2."""
    return in_symbols(re.sub(r"([A-Za-z])\^?2\b", r"\1$^2$", unit.replace("Ohm", "Ω")))
