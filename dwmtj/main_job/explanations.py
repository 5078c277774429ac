"""What each part of the main job measures and how to read its figure, for readers who do not know the paper."""

EXPLANATIONS = {
    "thresholds": (
        "The current density rises until the wall leaves its pinning site, at J_th. Delta_H = H_c - H_z is the "
        "field that is missing for the field alone to free the wall. The field-like torque acts like a field, so "
        "that its threshold is proportional to Delta_H. The Slonczewski torque rotates the wall's angle, and its "
        "threshold hardly depends on Delta_H. The lower of the two thresholds applies."
    ),
    "levels": (
        "The current is swept up and down. The wall stops at one pinning site after the other, and each of them "
        "gives an intermediate resistance level. Left: loops of one track. Right: number of levels of all tracks."
    ),
    "depinning": (
        "At 300 K the threshold differs from ramp to ramp. The figure shows the cumulative share of ramps against "
        "threshold. The paper finds that it scatters with current and hardly with field."
    ),
    "pulses": (
        "As a synapse, the device is written by short pulses: positive ones lower the resistance (potentiation), "
        "negative ones raise it again (depression)."
    ),
    "retention": (
        "Thermal fluctuations free the wall from its site after some time, even without a current. The figure shows "
        "the share of walls that are still in their site."
    ),
    "anisotropy": (
        "H_K is the field that holds the wall's angle, and |H_K| sets the threshold of the Slonczewski torque. It "
        "depends on the width of the track, and vanishes for a hybrid wall, between a Bloch and a Neel wall."
    ),
    "crosscheck": "An independent check: ngspice simulates the same device as a sub-circuit.",
    "checks": (
        "The simulation is compared with analytic results, such as the static thresholds, the speed of a precessing "
        "wall and the equipartition theorem."
    ),
    "array_margins": (
        "In a crossbar array, devices connect horizontal word lines with vertical bit lines. The margin is the "
        "relative difference between the read-out of the high and of the low resistance state, for the worst cell. "
        "It shrinks as the array grows, because current also flows through other cells."
    ),
    "sneak_paths": "The read current of the selected cell, and the currents that reach its bit line through others.",
    "wire_drop": (
        "To write a cell, its word line and bit line are biased so that it gets the full voltage, while all other "
        "cells get at most half of it (V/2). The resistance of the wires reduces these voltages."
    ),
    "programming": (
        "Each cell is pulsed and read repeatedly until it has reached its target. These devices have notches as "
        "pinning sites and a higher resistance than the paper's; they are a design of this project."
    ),
    "array_crosscheck": "An independent check: ngspice simulates the same array as a netlist.",
    "learning": (
        "Each device is a synapse between a pixel of a handwritten digit and an output neuron. The neurons compete, "
        "and the winner's devices get voltage pulses, so that each neuron learns a typical digit. The figure shows "
        "the learned weights."
    ),
}
"""The explanations by the name of the part."""
