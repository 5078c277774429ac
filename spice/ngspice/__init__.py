"""Running ngspice: as a shared library in a helper process, or as a program."""
