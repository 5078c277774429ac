"""Outside the model card's range of validity there is one warning, which names the likely slip of units."""

import numpy as np
import pytest
from processes import run

from compact_model import Current, Voltage, lequeux2016, simulate, single_well
from compact_model.device.parameters import applied_field
from compact_model.support.model_range import ModelRangeWarning
from crossbar import Crossbar, Junctions

TIMES = np.linspace(0.0, 1e-10, 3)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("tmr", 95.0, "tmr: the model is meant for at most 20, got 95; did you mean 95 % = 0.95?"),
        ("track_length", 1000.0, "at most 0.001 m, got 1000 m; did you mean 1000 nm = 1e-06 m?"),
        ("anisotropy_field", -30.0, "got -30 T; did you mean -30 Oe = -0.003 T?"),
        ("stray_field", 85.0, "got 85 T; did you mean 85 Oe = 0.0085 T?"),
        ("saturation_magnetisation", 1050.0, "the model is meant for at least 10000 A/m, got 1050 A/m"),
        ("damping", 5.0, "damping: the model is meant for at most 1, got 5"),
    ],
)  # fmt: skip
def test_a_parameter_in_another_unit_is_questioned(name, value, words):
    with pytest.warns(ModelRangeWarning) as warned:
        lequeux2016().replace(**{name: value})
    assert words in str(warned[0].message)


def test_a_field_of_teslas_is_questioned(device, paper_well):
    with pytest.warns(ModelRangeWarning, match=r"external_field: .* got 85 T; did you mean 85 Oe = 0.0085 T\?$"):
        simulate(device, paper_well, Current.of(0.0), TIMES, external_field=85.0)
    with pytest.warns(ModelRangeWarning, match="external_field"):
        applied_field(device, 85.0)
    with pytest.warns(ModelRangeWarning, match=r"coercive_field: .* did you mean 15 Oe = 0.0015 T\?$"):
        single_well(device, coercive_field=15.0, half_width=100e-9)


def test_more_than_a_volt_on_the_barrier_is_questioned(device, paper_well):
    simulate(device, paper_well, Voltage.of(0.99), TIMES)
    with pytest.warns(ModelRangeWarning, match="on the barrier: .* at most 1 V, got 1.5 V$"):
        simulate(device, paper_well, Voltage.of(1.5), TIMES)
    array = Crossbar(cells=Junctions(device, np.full((2, 2), 0.5e-6)), word_line_resistance=1.0)
    with pytest.warns(ModelRangeWarning, match="voltage on the barrier"):
        array.solve([2.0, 2.0])


def test_a_temperature_at_which_nothing_is_constant_is_questioned(device, paper_well):
    with pytest.warns(ModelRangeWarning, match="temperature: the model is meant for at most 700 K, got 3000 K"):
        simulate(device, paper_well, Current.of(0.0), TIMES, temperature=3000.0)


def test_the_command_line_says_it_in_one_line_and_goes_on():
    done = run("simulate", "--current", "1", "--duration", "0.1", "--points", "2", "--tmr", "9500")
    assert done.stderr == "dwmtj: warning: tmr: the model is meant for at most 20, got 95; did you mean 95 % = 0.95?\n"
    assert "Ohm" in done.stdout
