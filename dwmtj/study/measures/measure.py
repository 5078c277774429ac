"""A measure: its settings, its results for each sample, and the function that computes them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from compact_model.support.arrays import FloatArray
from dwmtj.options.device import Quantity

from ..quantities import Setting
from ..sampling import Batch

Summary = dict[str, float]


def quantiles_of(result: str) -> tuple[str, str, str]:
    """Names of a result's median, 5 % and 95 % quantile in a study."""
    return f"{result}_median", f"{result}_q05", f"{result}_q95"


@dataclass(frozen=True, eq=False)
class Measure:
    """A measure by its name, its settings, and its results with their units.

    run: a Batch to values of shape (samples,) by the results' names; finite, or inf where the result's help says what
        that means.
    samples_per_part: how many samples are measured, stored and lost together, unless a study says otherwise.
    check: raises InputError for settings that do not go together.
    summarise: what a point has besides the statistics of each result, by the names of `extras`; from the values by the
        results' names, and the settings.
    shown: see `headline`; None: the median, the 5 % and the 95 % quantile of the first result.
    beside: results that a figure shows beside the headline.
    has_track: whether the track and its pinning sites matter.
    without_effect: keys of a device that change nothing here, and are refused.
    bars: what the headline and its two ends are, for a figure.
    reference: a result that a figure shows dashed behind the headline.
    notes: what a reader of the result, a Dataset, has to be told besides its numbers.
    source, file: of a measure of one's own, the text that it comes from and the file's name; see `own.read_measure`.
    """

    name: str
    help: str
    settings: tuple[Setting, ...]
    results: tuple[Quantity, ...]
    run: Callable[[Batch], dict[str, FloatArray]]
    samples_per_part: int
    check: Callable[[Mapping[str, Any]], object] | None = None
    summarise: Callable[[Mapping[str, FloatArray], Mapping[str, Any]], Summary] | None = None
    extras: tuple[Quantity, ...] = ()
    shown: tuple[str, str, str] | None = None
    beside: tuple[str, ...] = ()
    bars: str = "median, 5 to 95 %"
    has_track: bool = True
    without_effect: tuple[str, ...] = ()
    reference: str | None = None
    notes: Callable[[Any], list[str]] | None = None
    source: str = ""
    file: str = ""

    def __reduce__(self) -> str | tuple[Any, ...]:
        """A user-defined measure is sent to other processes as its source, because they need not have the file."""
        if not self.source:
            return super().__reduce__()
        from .own import measure_from

        return measure_from, (self.source, self.file)

    @property
    def headline(self) -> tuple[str, str, str]:
        """Names shown in a table and a figure: a value with its lower and its upper end."""
        return self.shown or quantiles_of(self.results[0].name)

    def quantity(self, name: str) -> Quantity:
        """A variable of a study's result: a result, an extra, or a statistic of a result."""
        for item in (*self.results, *self.extras):
            if name == item.name or name.rpartition("_")[0] == item.name:
                return item
        raise KeyError(name)
