"""Ageing of devices in discrete states: rates from state to state without a voltage, and their effect."""

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from compact_model.device.parameters import DeviceParameters
from compact_model.rates.chains import transition_probabilities
from compact_model.rates.hopping import HoppingTrack, Hops
from compact_model.support.arrays import FloatArray
from compact_model.support.validation import ConvergenceError, InputError
from compact_model.track.landscape import Landscape

from ..faults.ageing import retention_ages

RATES = "spontaneous_rate"
_LABEL = {"long_name": "rate from state to state without a voltage", "units": "1/s"}


def spontaneous_rates(
    device: DeviceParameters,
    tracks: Sequence[Landscape],
    table: xr.Dataset,
    temperature: float,
    draw: np.random.Generator,
) -> xr.DataArray:
    """Rates of walls from each state of a table to each other one, 1/s, (track, state, final_state).

    They are those of `compact_model.escape_rates`, at zero net field, including the two ends of the track.  NaN for a
    track to which the theory does not apply.
    """
    states = table.sizes["state"]
    rates = np.full((len(tracks), states, states), np.nan)
    for number, track in enumerate(tracks):
        try:
            chain = HoppingTrack(
                device,
                track,
                drive="voltage",
                external_field=-device.stray_field,
                temperature=temperature,
                draw=draw,
            )
            hops = chain.at(0.0)
        except (InputError, ConvergenceError, np.linalg.LinAlgError):
            continue
        places = table.position.transpose("track", "state").values[number]
        own = places[np.isfinite(places)]
        if own.size != chain.count:
            continue
        rates[number] = 0.0
        rates[number, : own.size, : own.size] = hops.between_places(own.size)
        np.fill_diagonal(rates[number], 0.0)
    return xr.DataArray(rates, dims=("track", "state", "final_state"), attrs=_LABEL)


def rates_of(table: xr.Dataset) -> FloatArray:
    """The rates of a table, 1/s, (track, state, final_state); InputError unless it has them for each track."""
    if RATES not in table:
        raise InputError(
            "table: expected one with the rates of its devices without a voltage, as "
            "PulsedDevice.notched(retention=True) and SpikedDevice.notched(retention=True) have them, got none"
        )
    found: FloatArray = table[RATES].transpose("track", "state", "final_state").values
    if not np.isfinite(found).all():
        raise InputError(
            "table: expected rates for every track, got a track to which the theory of escape does not apply"
        )
    return found


def passed(
    state: NDArray[np.int64], track: NDArray[np.int64], rates: FloatArray, duration: float, draw: np.random.Generator
) -> NDArray[np.int64]:
    """States after a time, s: each drawn from exp(rates times duration) of its track."""
    chance = draw.random(state.shape)
    result = state.copy()
    for number in np.unique(track).tolist():
        leaving = rates[number].sum(axis=1)
        shares = np.divide(
            rates[number], leaving[:, np.newaxis], out=np.zeros_like(rates[number]), where=rates[number] > 0
        )
        hops = Hops(leaving, shares, np.zeros(leaving.size))
        cumulative = np.cumsum(transition_probabilities(hops, duration), axis=1)
        own = track == number
        rows = cumulative[state[own]]
        result[own] = (chance[own][:, np.newaxis] * rows[:, -1:] >= rows).sum(axis=1)
    return result


def retention_times(retention: ArrayLike, tables: Sequence[xr.Dataset]) -> list[float]:
    """The times, s, increasing; InputError for others, and if there are any but the tables have no rates."""
    if np.size(retention) == 0:
        return []
    times = retention_ages(retention)
    for table in tables:
        try:
            rates_of(table)
        except InputError as error:
            raise InputError(f"retention: {str(error).removeprefix('table: ')}") from None
    return times


def aged_accuracy(
    times: Sequence[float], let_pass: Callable[[float], None], accuracy: Callable[[], float]
) -> xr.Dataset:
    """Accuracies after times, s, without a voltage, one after the other; an empty Dataset without times.

    let_pass: ages all arrays by a duration, s.  accuracy: of the arrays in their present state.
    """
    if not times:
        return xr.Dataset()
    found, before = [], 0.0
    for time in times:
        let_pass(time - before)
        found.append(accuracy())
        before = time
    return aged_dataset(times, found)


def aged_dataset(times: Sequence[float], found: Sequence[float]) -> xr.Dataset:
    """Accuracies after times, s."""
    return xr.Dataset(
        {"aged_accuracy": (("retention_time",), found, {"long_name": "test accuracy after a time without a voltage"})},
        coords={"retention_time": ("retention_time", list(times), {"long_name": "retention time", "units": "s"})},
    )
