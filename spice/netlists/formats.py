"""The languages that a device is written in; apart from the writers, for the command line's help."""

FORMATS = ("ngspice", "verilog-a", "pyspice", "xschem")
