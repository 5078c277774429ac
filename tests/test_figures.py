"""Every result draws itself in one style, with units on its axes and no text over another."""

import itertools
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_rgb
from public_calls import CALLS
from test_provenance import returns_a_dataset

import crossbar.plots
import dwmtj.study.plot
import spice.plots
from compact_model import InputError
from compact_model.figures import (
    DIVERGING,
    MARKERS,
    ONE_COLUMN,
    STYLE,
    in_symbols,
    ink_on,
    letters,
    signed,
    unit_in_print,
)
from compact_model.plots import PLOTTERS
from crossbar.plots.in_time import OUTCOMES

DRAWN = [name for name, call in CALLS.items() if returns_a_dataset(call.function)]
WITHOUT_UNIT = re.compile(
    r"repeats|pulse( number)?|bit line|word line|word lines and bit lines|share still in the well|samples|inputs"
    r"|epoch .*|levels of a device|lines of the largest (array|tile)|.*/ threshold"
    r"|slots \$\\times\$ row \$\\times\$ column"
    r"|(exact )?product.*|"
)


def shown(axis, tick):
    """Whether a tick lies within the axis; matplotlib keeps some beyond it."""
    low, high = sorted(axis.get_view_interval())
    return low <= tick.get_loc() <= high


def texts_of(axes):
    """Everything that is written in and around the axes, with the box that it takes."""
    figure = axes.figure
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    legend = axes.get_legend()
    found = [
        axes.xaxis.label,
        axes.yaxis.label,
        axes.title,
        *(tick.label1 for axis in (axes.xaxis, axes.yaxis) for tick in axis.get_major_ticks() if shown(axis, tick)),
        *([] if legend is None else legend.get_texts()),
    ]
    return [(each.get_text(), each.get_window_extent(renderer)) for each in found if each.get_text().strip()]


@pytest.mark.parametrize("name", DRAWN)
def test_every_result_draws_itself_with_units_and_no_text_over_another(name):
    call = CALLS[name]
    result = call.function(**call.arguments())
    if not isinstance(result, xr.Dataset) or result.attrs.get("experiment") not in PLOTTERS:
        pytest.skip("nothing to draw")
    axes = result.dwmtj.plot()
    assert tuple(axes.figure.get_size_inches()) == ONE_COLUMN
    for label in (axes.get_xlabel(), axes.get_ylabel()):
        assert re.search(r"\([^)]+\)|%", label) or WITHOUT_UNIT.fullmatch(label), label
        assert not re.search(r"\buS\b|mu|Omega|\bOhm\b|[A-Z]_[A-Za-z]{2}", label), label
    texts = texts_of(axes)
    for (first, box), (second, other) in itertools.combinations(texts, 2):
        across = min(box.x1, other.x1) - max(box.x0, other.x0)
        up = min(box.y1, other.y1) - max(box.y0, other.y0)
        assert across < 2.0 or up < 2.0, f"{first!r} over {second!r}"
    width, height = axes.figure.get_size_inches() * axes.figure.dpi
    for text, box in texts:
        assert min(box.x0, box.y0, width - box.x1, height - box.y1) > -2.0, text


def test_each_panel_of_several_has_a_letter_that_stands_over_no_other_text():
    course = CALLS["compact_model.simulate"].function(**CALLS["compact_model.simulate"].arguments())
    result = CALLS["crossbar.write_map"].function(**CALLS["crossbar.write_map"].arguments())
    with plt.style.context(STYLE):
        figure, ((left, right), below) = plt.subplots(2, 2, figsize=(7.1, 5.4))
    for panel in (left, right):
        result.dwmtj.plot(panel)  # with a title and a colour bar
    for panel in below:
        course.dwmtj.plot(panel)
    letters(figure)
    texts = list(itertools.chain.from_iterable(map(texts_of, (left, right, *below))))
    for panel, expected in zip((left, right, *below), ("(a)", "(b)", "(c)", "(d)"), strict=True):
        (letter,) = panel.texts
        assert letter.get_text() == expected
        box = letter.get_window_extent()
        for text, other in texts:
            assert not box.overlaps(other), text
    with plt.style.context(STYLE):
        alone, axes = plt.subplots()
    result.dwmtj.plot(axes)
    letters(alone)
    assert not axes.texts


def test_text_stands_out_on_every_colour_of_a_map():
    """Contrast and its least value, 4.5 to 1, are those of WCAG 2.2."""

    def luminance(colour):
        shares = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in colour[:3]]
        return 0.2126 * shares[0] + 0.7152 * shares[1] + 0.0722 * shares[2]

    for share in np.linspace(0.0, 1.0, 101):
        colour = plt.get_cmap("cividis")(share)
        lighter, darker = sorted((luminance(colour), 1.0 if ink_on(colour) == "white" else 0.0), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5
    assert ink_on("#777777") == ink_on((0.0, 0.0, 0.0, 0.3)) == "black"
    assert ink_on("#707070") == "white"


def test_symbols_within_words_are_printed_as_in_papers():
    assert [
        in_symbols(words) for words in ("depinning field H_c of a site", "width of the track, W", "tau_th", "V")
    ] == [
        r"depinning field $H_\mathrm{c}$ of a site",
        "width of the track, $W$",
        r"$\tau_\mathrm{th}$",
        "V",
    ]
    assert in_symbols("sech(x / Delta), instead of half_width") == r"sech(x / $\Delta$), instead of half_width"


def test_units_of_the_command_line_are_printed_as_in_papers():
    assert [unit_in_print(unit) for unit in ("A/cm2", "Ohm", "k_B T", "nm", "Oe/V2")] == [
        "A/cm$^2$",
        "Ω",
        r"$k_\mathrm{B}$ T",
        "nm",
        "Oe/V$^2$",
    ]


def luminance(colour):
    return float(np.dot(to_rgb(colour), (0.2126, 0.7152, 0.0722)))


def test_lines_side_by_side_differ_in_more_than_their_colour():
    with plt.style.context(STYLE):
        looks = [tuple(look.values()) for look in plt.rcParams["axes.prop_cycle"]]
    assert len(set(looks)) == len(looks) >= 20
    assert len(set(MARKERS)) == len(MARKERS)


def test_what_is_worse_is_darker_in_the_map_of_outcomes():
    result = CALLS["crossbar.write_map"].function(**CALLS["crossbar.write_map"].arguments())
    (image,) = result.dwmtj.plot().images
    shades = [luminance(image.cmap(number)) for number in range(len(OUTCOMES))]
    assert shades == sorted(shades, reverse=True)
    assert min(-np.diff(shades)) > 0.08


def test_values_of_both_signs_are_centred_on_0():
    assert signed([[-0.2, 0.1]]) == {"cmap": DIVERGING, "vmin": -0.2, "vmax": 0.2}
    assert signed([[0.2, 0.1]]) == {}


def test_a_simulation_draws_any_of_its_variables():
    result = CALLS["compact_model.simulate"].function(**CALLS["compact_model.simulate"].arguments())
    assert result.dwmtj.plot("resistance").get_ylabel() == "$R$ (Ω)"
    axes = plt.subplots()[1]
    result.dwmtj.plot(axes, quantity="current")
    assert axes.lines[0].get_ydata() == pytest.approx(1e3 * result.current.values)
    with pytest.raises(InputError, match=r"quantity: expected one of 'position', .* got 'resistence', did you mean"):
        result.dwmtj.plot("resistence")
    loop = CALLS["compact_model.resistance_loop"].function(**CALLS["compact_model.resistance_loop"].arguments())
    with pytest.raises(InputError, match="quantity: expected none, for a resistance_loop draws one thing only"):
        loop.dwmtj.plot("resistance")


def test_axes_of_ones_own_keep_their_style():
    result = CALLS["compact_model.simulate"].function(**CALLS["compact_model.simulate"].arguments())
    axes = plt.subplots()[1]
    assert result.dwmtj.plot(axes) is axes
    assert tuple(axes.figure.get_size_inches()) == tuple(plt.rcParams["figure.figsize"])


def test_plots_of_all_packages_are_registered():
    assert {crossbar.plots, spice.plots, dwmtj.study.plot}  # importing them is what registers
    assert {"crossbar", "crosscheck", "study", "supervised_learning"} <= set(PLOTTERS)


def test_a_map_of_one_of_several_inputs_says_which_and_errors_have_plain_numbers():
    solution = CALLS["crossbar.Crossbar.solve"].function(**CALLS["crossbar.Crossbar.solve"].arguments())
    assert solution.dwmtj.plot().get_title() == ""
    several = xr.concat([solution, solution, solution], "input", combine_attrs="override")
    assert several.dwmtj.plot(index=1).get_title() == "input 1 of 0 to 2"
    assert several.dwmtj.plot(index=-1).get_title() == "input 2 of 0 to 2"
    found = CALLS["crossbar.product_accuracy"].function(**CALLS["crossbar.product_accuracy"].arguments())
    axes = found.dwmtj.plot()
    axes.figure.canvas.draw()
    assert all("10^" not in label.get_text() for label in axes.get_yticklabels())


def test_target_and_result_of_programming_have_one_scale():
    siemens = {"target": [[1e-5, np.nan]], "conductance": [[2e-5, 5e-5]], "reached": [[True, False]]}
    cells = ("word_line", "bit_line")
    result = xr.Dataset(
        {name: (cells, values) for name, values in siemens.items()}, attrs={"experiment": "programming"}
    )
    axes = result.dwmtj.plot()
    assert axes.get_xlim() == axes.get_ylim() == pytest.approx((8.0, 52.0))


def test_nothing_is_drawn_of_a_distance_of_0_on_a_logarithmic_axis():
    call = CALLS["crossbar.write_disturb"]
    axes = call.function(**call.arguments()).dwmtj.plot()
    drawn = np.concatenate([line.get_ydata() for line in axes.lines])
    assert np.isnan(drawn).any()  # the start
    assert not (drawn <= 0.0).any()


def test_every_change_of_a_sensitivity_lies_within_its_axis():
    call = CALLS["compact_model.sensitivity"]
    result = call.function(**call.arguments())
    result["relative_change"] = result.relative_change * 0.0 + 30.0  # 3000 %
    axes = result.dwmtj.plot()
    low, high = axes.transData.inverted().transform(axes.transAxes.transform([(0.02, 0.0), (0.98, 0.0)]))[:, 0]
    assert low < 0.0 < 3000.0 < high
