"""The result of a fit."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xarray as xr

from ..device.parameters import DeviceParameters
from ..support.arrays import FloatArray
from ..support.provenance import provenance
from ..track.landscape import Landscape
from .columns import column
from .least_squares import Minimum
from .unknowns import UNITS


@dataclass(frozen=True, eq=False)
class FitResult:
    """Fitted parameters with their errors, in SI units and in the order of `free`."""

    free: tuple[str, ...]
    values: tuple[float, ...]
    standard_errors: tuple[float, ...]
    correlation: FloatArray
    """Correlation matrix of the values, shape (free, free)."""
    reduced_chi_square: float | None
    """Chi-square over degrees of freedom; None without standard deviations: the errors then follow from the scatter."""
    scatter: float
    """Weighted rms distance of data and curve over the degrees of freedom, in the data's unit."""
    degrees_of_freedom: int
    described: bool
    """False where the data are further from the curve than their standard deviations allow, by chi-square at a
    probability of 1e-4: the errors are then scaled by the root of the reduced chi-square."""
    parameters: DeviceParameters
    """The device with the fitted values."""
    dataset: xr.Dataset
    """Data and curve; draws itself by `dataset.dwmtj.plot()`."""
    landscape: Landscape | None = None
    """The track with the fitted values, where the fit simulates the wall on one."""
    notes: tuple[str, ...] = ()
    """Notes on the treatment of the data and on limitations, as lines of text."""

    def table(self) -> str:
        """One line for each parameter with its error and unit, and the goodness of the fit."""
        width = max(map(len, self.free))
        lines = [
            f"{name:<{width}}  {value:.6g} +- {error:.2g} {UNITS[name]}".rstrip()
            for name, value, error in zip(self.free, self.values, self.standard_errors, strict=True)
        ]
        return "\n".join([*lines, *self.remarks()])

    def remarks(self) -> list[str]:
        """Correlations, the reduced chi-square or the scatter, and the notes, as lines of text."""
        pairs = itertools.combinations(range(len(self.free)), 2)
        lines = [f"correlation of {self.free[i]} and {self.free[j]}: {self.correlation[i, j]:.3f}" for i, j in pairs]
        freedom = f"{self.degrees_of_freedom} degrees of freedom"
        if self.reduced_chi_square is None:
            unit = self.dataset.model.attrs["units"]
            lines.append(f"scatter of the data: {self.scatter:.3g} {unit}, from {freedom}")
        else:
            lines.append(f"reduced chi-square: {self.reduced_chi_square:.3f}, {freedom}")
        return [*lines, *self.notes]


def fit_dataset(
    kind: str,
    measured: str,
    fit: Minimum,
    parameters: DeviceParameters,
    quantity: tuple[str, str],
    data: Mapping[str, Any],
    landscapes: tuple[Landscape, ...] = (),
    seed: str | None = None,
) -> xr.Dataset:
    """The common part of all fits' Datasets: data, fitted curve at the data, provenance; quantity: long name, unit."""
    long_name, unit = quantity
    dataset = xr.Dataset(
        {
            measured: ("point", column(data, measured), {"long_name": f"measured {long_name}", "units": unit}),
            "model": ("point", fit.curve, {"long_name": f"fitted {long_name}", "units": unit}),
        },
        attrs={"experiment": f"fit_{kind}", **provenance([parameters], landscapes, seed=seed)},
    )
    if "standard_deviation" in data:
        deviation = column(data, "standard_deviation")
        dataset["standard_deviation"] = ("point", deviation, {"long_name": "standard deviation", "units": unit})
    return dataset


def fit_result(
    fit: Minimum,
    parameters: DeviceParameters,
    dataset: xr.Dataset,
    landscape: Landscape | None = None,
    notes: tuple[str, ...] = (),
) -> FitResult:
    """The FitResult at a minimum, with its values also in the attributes of the Dataset."""
    reduced = fit.chi_square / fit.freedom
    dataset = dataset.assign_attrs(
        free=", ".join(fit.names),
        values=fit.values,
        standard_errors=fit.errors,
        correlation=fit.correlation.ravel(),
        degrees_of_freedom=fit.freedom,
        described=int(fit.described),
    )
    if fit.weighted:
        dataset.attrs["reduced_chi_square"] = reduced
    misfit = (
        f"the model does not describe the data: reduced chi-square {reduced:.3g}; the errors are scaled by its root, "
        "and do not include what the model, or a parameter that was not free, has wrong"
    )
    return FitResult(
        free=fit.names,
        values=tuple(fit.values.tolist()),
        standard_errors=tuple(fit.errors.tolist()),
        correlation=fit.correlation,
        reduced_chi_square=reduced if fit.weighted else None,
        scatter=math.sqrt(reduced) * fit.typical_deviation,
        degrees_of_freedom=fit.freedom,
        described=fit.described,
        parameters=parameters,
        dataset=dataset,
        landscape=landscape,
        notes=notes if fit.described else (misfit, *notes),
    )
