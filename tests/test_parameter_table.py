"""One row for each parameter of a device, and every place that follows from it."""

import dataclasses
import inspect

import pytest
from click import Context

from compact_model import DeviceParameters, InputError, lequeux2016, single_well, vary
from compact_model.device.parameter_table import Spread
from compact_model.device.parameters import PARAMETERS
from compact_model.device.variation import SIGNED, SIZES, VARIABLE
from dwmtj.cli import group
from dwmtj.options.device import DEVICE
from dwmtj.study.quantities import DEVICE_TABLE, si_unit
from spice.netlists.ngspice_model import NetlistDevice, subcircuit
from spice.netlists.verilog_a import verilog_a

NAMES = [row.name for row in PARAMETERS]
# The stray field is the default of hz, the net field; the other two decide how a netlist is written, or are not in it.
NOT_IN_NETLISTS = {"stray_field", "torque_density", "nucleation_current_density"}


def test_the_rows_are_the_fields_in_their_order():
    assert [field.name for field in dataclasses.fields(DeviceParameters)] == NAMES
    assert list(inspect.signature(DeviceParameters).parameters) == NAMES


def test_every_row_has_its_line_in_the_docstring():
    for row in PARAMETERS:
        assert f"\n    {row.summary}\n" in DeviceParameters.__doc__


def test_what_help_shows_are_plain_types():
    shown = str(inspect.signature(DeviceParameters))
    assert "track_length: float," in shown
    assert "Annotated" not in shown


@pytest.mark.parametrize("row", PARAMETERS, ids=NAMES)
def test_every_row_refuses_what_is_out_of_its_range_by_name(row):
    with pytest.raises(InputError, match=rf"^{row.name}: expected "):
        lequeux2016().replace(**{row.name: "nonsense"})


def test_every_row_is_an_option_and_a_key_of_studies_in_the_same_unit():
    command = group.get_command(Context(group), "simulate")
    options = {parameter.name: parameter.help for parameter in command.params if getattr(parameter, "help", None)}
    edge = {item.name: item for item in DEVICE}
    study = {item.name: item for item in DEVICE_TABLE}
    for row in PARAMETERS:
        assert row.in_words in options[row.name]
        assert (edge[row.name].unit, edge[row.name].scale) == (row.dimension.edge.name, row.dimension.edge.scale)
        assert si_unit(study[row.name]) == row.dimension.si


def test_every_row_that_scatters_can_vary():
    for row in PARAMETERS:
        assert (row.name in VARIABLE) == (row.spread is not Spread.NONE)
        assert (row.name in SIGNED) == (row.spread is Spread.IN_ITS_UNIT)
    device = lequeux2016().replace(field_like_quadratic=1e-3, thermal_resistance=2e4)
    for name in VARIABLE:
        assert len({getattr(each, name) for each in vary(device, 3, {name: 1e-4}, seed=1)}) == 3
    assert SIZES == ("track_length", "track_width", "nucleation_pad_area")


def test_every_row_is_a_parameter_of_netlists():
    # What turns a further term on is written for devices that have it.
    off = [row.name for row in PARAMETERS if row.default == 0.0 and row.spread is Spread.IN_ITS_UNIT]
    on = {name: 1e-3 * (1 + index) for index, name in enumerate(off)}
    device = lequeux2016().replace(**on, thermal_resistance=2e4)
    landscape = single_well(device, coercive_field=15e-4, half_width=100e-9)
    model = NetlistDevice(device, landscape)
    by_field = {each.field: each for each in model.quantities.values() if each.field}
    for row in PARAMETERS:
        if not row.netlist:
            assert row.name in NOT_IN_NETLISTS
            continue
        found = by_field[row.name]
        assert found.value * found.scale == pytest.approx(getattr(device, row.name), rel=1e-14)
        for written in (subcircuit(model), verilog_a(model)):
            assert f"{row.netlist}{'=' if 'module' not in written else ' = '}{found.value!r}" in written
