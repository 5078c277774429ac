"""Arrays of walls in one call, for tests that describe the array, the tracks and the conditions one after the other."""

from dataclasses import replace

from crossbar import ArraySimulation, Crossbar, DomainWalls, Junctions, simulate_array

OF_SIMULATIONS = ("tolerance", "current_tolerance", "store", "progress")


def with_walls(array, landscape, **conditions):
    """An array of `Junctions`, plain or behind selectors, with walls that move on such tracks in their place."""
    if not isinstance(array, Crossbar) or not isinstance(array.cells and array.cells.devices, Junctions):
        return array
    cells = array.cells.devices
    walls = DomainWalls(cells.parameters, landscape, cells.position, **conditions)
    return replace(array, conductance=None, cells=array.cells.with_devices(walls))


def _divided(options):
    ours = {name: value for name, value in options.items() if name in OF_SIMULATIONS}
    return ours, {name: value for name, value in options.items() if name not in OF_SIMULATIONS}


def simulation_of_walls(array, landscape, **options):
    """An ArraySimulation; options of it and of DomainWalls."""
    ours, conditions = _divided(options)
    return ArraySimulation(with_walls(array, landscape, **conditions), **ours)


def simulate_walls(array, landscape, drive, times, **options):
    """`simulate_array`; options of it and of DomainWalls."""
    ours, conditions = _divided(options)
    return simulate_array(with_walls(array, landscape, **conditions), drive, times, **ours)
