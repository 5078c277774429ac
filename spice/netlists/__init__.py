"""The device as text: ngspice sub-circuit, Verilog-A module, PySpice circuit."""
