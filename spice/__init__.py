"""The device for circuit simulators: netlists for ngspice, Verilog-A, PySpice, and runs in real ngspice."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
