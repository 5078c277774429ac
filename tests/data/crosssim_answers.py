"""Writes crosssim_answers.json: products of CrossSim 3.2 with converters, offsets and bit slices.

pip install git+https://github.com/sandialabs/cross-sim@v3.2.0 && python tests/data/crosssim_answers.py
"""

import json
from pathlib import Path

import numpy as np
from simulator import AnalogCore, CrossSimParameters
from simulator.parameters.core_parameters import BalancedCoreStyle, BitSlicedCoreStyle, CoreStyle, OffsetCoreStyle

LOWEST, HIGHEST = 36.0, 70.2  # Ohm
INPUTS, OUTPUTS, VECTORS = 12, 4, 8
# How the weights are stored; what CrossSim calls it.
ENCODINGS = {
    "differential": (CoreStyle.BALANCED, BitSlicedCoreStyle.BALANCED),
    "offset": (CoreStyle.OFFSET, BitSlicedCoreStyle.OFFSET),
}
# encoding, subtraction, slices, DAC (bits, sign, bits in a cycle), ADC (bits, sign, each slice's full scale in currents
# of one device of the lowest resistance, conversion in each cycle), segment of wire (Ohm)
CASES = (
    ("differential", "analog", 1, None, None, 0.0),
    ("differential", "analog", 1, (5, True, None), None, 0.0),
    ("differential", "analog", 1, (6, True, None), (5, True, [2.0], False), 0.0),
    ("differential", "digital", 1, (6, True, None), (7, True, [5.0], False), 0.0),
    ("differential", "digital", 1, (4, False, None), (6, False, [6.0], False), 0.0),
    ("differential", "analog", 1, (6, True, 1), (5, True, [2.0], True), 0.0),
    ("differential", "analog", 1, (6, True, 1), (5, True, [2.0], False), 0.0),
    ("differential", "digital", 1, (6, False, 2), (6, False, [7.0], True), 0.0),
    ("offset", "digital", 1, None, None, 0.0),
    ("offset", "digital", 1, (6, True, None), (7, True, [4.0], False), 0.0),
    ("offset", "digital", 1, (5, False, 1), (7, False, [9.0], True), 0.0),
    ("offset", "computed", 1, (6, True, None), (7, True, [4.0], False), 0.0),
    ("offset", "computed", 1, (5, False, None), (7, False, [9.0], False), 0.0),
    ("differential", "analog", 2, None, None, 0.0),
    ("differential", "analog", 2, (6, True, None), (6, True, [1.0, 2.0], False), 0.0),
    ("differential", "analog", 2, (6, True, 1), (6, True, [1.0, 2.0], True), 0.0),
    ("differential", "digital", 2, (5, False, None), (8, False, [6.0, 6.0], False), 0.0),
    ("offset", "digital", 2, None, None, 0.0),
    ("offset", "digital", 2, (6, True, None), (8, True, [4.0, 4.0], False), 0.0),
    ("offset", "digital", 2, (4, False, 1), (8, False, [8.0, 8.0], True), 0.0),
    ("offset", "computed", 2, (6, True, None), (8, True, [4.0, 4.0], False), 0.0),
    ("offset", "computed", 1, None, None, 0.1),
    ("offset", "computed", 1, (6, True, 1), (7, True, [4.0], True), 0.1),
)


def stored(weights: np.ndarray, case: tuple) -> AnalogCore:
    """Weights from -1 to 1, (inputs, outputs), in CrossSim, as a matrix (outputs, inputs)."""
    encoding, subtraction, slices, dac, adc, segment = case
    params = CrossSimParameters()
    device, core = params.xbar.device, params.core
    device.Rmin, device.Rmax, device.cell_bits = LOWEST, HIGHEST, 4
    one, sliced = ENCODINGS[encoding]
    core.style = one if slices == 1 else CoreStyle.BITSLICED
    core.bit_sliced.style, core.bit_sliced.num_slices = sliced, slices
    core.weight_bits = 0 if slices == 1 else 4 * slices + (encoding == "differential")
    core.balanced.style = BalancedCoreStyle.ONE_SIDED
    core.balanced.subtract_current_in_xbar = subtraction == "analog"
    computed = subtraction == "computed"
    core.offset.style = OffsetCoreStyle.DIGITAL_OFFSET if computed else OffsetCoreStyle.UNIT_COLUMN_SUBTRACTION
    core.mapping.weights.percentile = None
    core.mapping.weights.min, core.mapping.weights.max = -1.0, 1.0
    signed = dac is None or dac[1]
    core.mapping.inputs.mvm.min = -1.0 if signed else 0.0
    if dac is not None:
        params.xbar.dac.mvm.model = "SignMagnitudeDAC" if signed else "QuantizerDAC"
        converter = params.xbar.dac.mvm
        converter.bits, converter.signed = dac[0], signed
        converter.input_bitslicing, converter.slice_size = dac[2] is not None, dac[2] or 1
    if adc is not None:
        params.xbar.adc.mvm.model = "SignMagnitudeADC" if adc[1] else "QuantizerADC"
        converter = params.xbar.adc.mvm  # another object than before: the model replaces it
        converter.bits, converter.signed, converter.adc_per_ibit = adc[0], adc[1], adc[3]
        ranges = [[-limit if adc[1] else 0.0, limit] for limit in reversed(adc[2])]
        converter.calibrated_range = ranges[0] if slices == 1 else ranges
    wires = params.xbar.array.parasitics
    wires.enable, wires.Rp_row, wires.Rp_col = segment > 0.0, segment, segment
    params.simulation.Verr_th_mvm, params.simulation.Niters_max_parasitics = 1e-12, 10_000
    return AnalogCore(weights.T.copy(), params=params)


def main() -> None:
    """Ask CrossSim and write its input and its answers."""
    draw = np.random.default_rng(2026)
    weights = np.round(draw.uniform(-1.0, 1.0, (INPUTS, OUTPUTS)), 3)
    weights[0, 0] = 1.0
    vectors = np.round(draw.uniform(-1.0, 1.0, (VECTORS, INPUTS)), 4)
    keys = ("encoding", "subtraction", "slices", "dac", "adc", "wire_resistance")
    answers = []
    for case in CASES:
        given = vectors if case[3] is None or case[3][1] else np.abs(vectors)
        matrix = stored(weights, case)
        answers.append(dict(zip(keys, case, strict=True)) | {"products": [(matrix @ one).tolist() for one in given]})
    written = {
        "resistances": [LOWEST, HIGHEST],
        "weights": weights.tolist(),
        "vectors": vectors.tolist(),
        "cases": answers,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    main()
