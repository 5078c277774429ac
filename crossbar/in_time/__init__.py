"""Arrays in time: devices that move while the voltages of the whole array follow."""
