"""Physical constants in SI units (CODATA 2022), and conversions to the units customary in the field."""

import math

ELEMENTARY_CHARGE = 1.602176634e-19  # C
REDUCED_PLANCK_CONSTANT = 6.62607015e-34 / (2.0 * math.pi)  # J s
BOLTZMANN_CONSTANT = 1.380649e-23  # J/K
VACUUM_PERMEABILITY = 1.25663706127e-6  # T m/A
ELECTRON_GYROMAGNETIC_RATIO = 1.7609e11  # rad/(s T)

# Multiply a number in the unit by its constant to get SI.
OERSTED = 1e-4  # T, for the magnetic flux density mu_0 H that belongs to a field H
AMPERE_PER_SQUARE_CENTIMETRE = 1e4  # A/m2
NANOSECOND = 1e-9
PICOSECOND = 1e-12
NANOMETRE = 1e-9
MILLIAMPERE = 1e-3
