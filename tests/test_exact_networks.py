"""Small adversarial networks against nodal analysis to 60 digits (see data/exact_networks.py)."""

import numpy as np
import pytest
from data import exact_networks

from compact_model.support.validation import ConvergenceError, InputError
from crossbar import Crossbar

EXACT = np.load(exact_networks.FILE)
_ROUND_OFF = 64 * 2.2e-16


@pytest.mark.parametrize("method", [None, "banded", "direct", "graph"])
def test_every_answer_is_within_its_promise_or_refused(method):
    answered = 0
    for seed in range(exact_networks.COUNT):
        network = exact_networks.draw(seed)
        exact = EXACT[f"currents_{seed:03d}"]
        array = Crossbar(**network["array"])
        try:
            found = array.solve(**network["solve"], method=method)
        except (InputError, ConvergenceError):
            # Ends that float leave some without a source.  Else only a method that was asked for may give up.
            assert np.isnan(exact).any() or method in ("banded", "graph"), seed
            continue
        assert np.isfinite(exact).all(), seed
        answered += 1
        current, size = found.device_current.values[0], np.linalg.norm(exact)
        error = np.linalg.norm(current - exact)
        if error > 1e-10 * size:  # only where voltages in double precision cannot carry the currents; it then says so
            assert "as accurate as voltages in float64 allow" in found.attrs["reason"], (seed, error / size)
            resistance = np.asarray(network["array"]["resistance"])
            siemens = 1.0 / np.where(resistance > 0.0, resistance, np.inf)
            volts = np.abs(found.word_line_voltage.values[0]) + np.abs(found.bit_line_voltage.values[0])
            assert error <= _ROUND_OFF * np.linalg.norm(siemens * volts), (seed, error / size)
    assert answered > 0.6 * exact_networks.COUNT
