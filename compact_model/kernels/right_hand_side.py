"""The right-hand side of the equation of motion for many devices at one moment."""

from .added_terms import reads_slope
from .equations import wall_rates
from .fast_math import sine
from .jit import kernel
from .tables import device_at, evaluate, rows_of, slope_of_second, walk


@kernel
def fill_rates(first, every, devices, mode, landscape, drive, position, angle, speed, turning):
    """dx/dt (m/s) and dphi/dt (rad/s) of the devices first, first + every, ... at the start of their drives, without
    a rise of the temperature."""
    for index in range(first, position.size, every):
        device = device_at(devices, index)
        track = rows_of(landscape, index)
        waveform = rows_of(drive, index)
        piece = walk(track, 0, 0, track.shape[0] - 1, position[index])
        pinning, anisotropy = evaluate(track, piece, position[index])
        slope = slope_of_second(track, piece, position[index]) if reads_slope(device) else 0.0
        electrical, net_field = evaluate(waveform, 0, waveform[0, 0])
        speed[index], turning[index], _ = wall_rates(
            device,
            mode,
            electrical,
            net_field,
            pinning,
            anisotropy,
            slope,
            position[index],
            angle[index],
            sine(2.0 * angle[index]),
            0.0,
            0.0,
            0.0,
        )
