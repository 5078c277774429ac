"""The languages in which a device is written; separate from the writers, for the command line's help."""

FORMATS = ("ngspice", "verilog-a", "pyspice", "xschem")
