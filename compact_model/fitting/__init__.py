"""A device's parameters from measured data, with their uncertainties: one module for each kind of measurement."""
