"""From numbers to voltages and from currents to numbers: converters, and weights as devices."""
