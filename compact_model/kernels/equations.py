"""The equations of the model, on plain floats (Lequeux et al. 2016, doi 10.1038/srep31510, Eq. 1).

With all fields in tesla, a = gamma (H_z + sigma_FLT + H_pin + b_1) and b = gamma (sigma_ST + H_K sin(2 phi) / 2 + b_2):

    dphi/dt = (a - alpha b) / (1 + alpha^2)        dx/dt = Delta (b + alpha a) / (1 + alpha^2)
"""

from .jit import inlined

# How the current density in the torques follows from the drive.
DENSITY_FROM_DRIVE = 0  # J is proportional to the drive, wherever the wall is
DENSITY_FROM_VOLTAGE_BY_CURRENT = 1  # the drive is a voltage, J = I / A
DENSITY_FROM_CURRENT_BY_VOLTAGE = 2  # the drive is a current, J = V / RA_P

# Newton's iteration for the junction's voltage converges quadratically: seven steps reach round-off for every TMR
# below 1000 % and every bias.  The number is fixed to keep the loop free of branches.
_NEWTON_STEPS = 7


@inlined
def relative_conductance(voltage, antiparallel_share, tmr, inverse_half_voltage):
    """G(x, V) R_P = 1 - f TMR(V) / (1 + TMR(V)), with TMR(V) = TMR / (1 + (V/V_h)^2)."""
    bias = voltage * inverse_half_voltage
    return 1.0 - antiparallel_share * tmr / (1.0 + tmr + bias * bias)


@inlined
def voltage_for_current(parallel_voltage, antiparallel_share, tmr, inverse_half_voltage):
    """The V that solves V G(x, V) = I, given parallel_voltage = I R_P (Newton's method).

    V G(V) rises strictly with V, so the root is unique; it lies between I R_P and I R(x, 0), the starting point.
    """
    voltage = parallel_voltage / (1.0 - antiparallel_share * tmr / (1.0 + tmr))
    for _ in range(_NEWTON_STEPS):
        bias = voltage * inverse_half_voltage
        denominator = 1.0 + tmr + bias * bias
        drop = antiparallel_share * tmr / denominator
        slope = 1.0 - drop + 2.0 * drop * bias * bias / denominator
        voltage -= (voltage * (1.0 - drop) - parallel_voltage) / slope
    return voltage


@inlined
def voltage_for_current_of_one(parallel_voltage, antiparallel_share, tmr, inverse_half_voltage):
    """The same, bit for bit, for a device on its own: ends where a step changes nothing, as then no later one would."""
    voltage = parallel_voltage / (1.0 - antiparallel_share * tmr / (1.0 + tmr))
    for _ in range(_NEWTON_STEPS):
        bias = voltage * inverse_half_voltage
        denominator = 1.0 + tmr + bias * bias
        drop = antiparallel_share * tmr / denominator
        slope = 1.0 - drop + 2.0 * drop * bias * bias / denominator
        before = voltage
        voltage -= (voltage * (1.0 - drop) - parallel_voltage) / slope
        if voltage == before:
            break
    return voltage


@inlined
def density_from_state(
    mode, drive, antiparallel_share, tmr, inverse_half_voltage, parallel_resistance, resistance_area
):
    """The current density in the torques, in A/m2, in the two modes where it depends on the wall's position."""
    if mode == DENSITY_FROM_VOLTAGE_BY_CURRENT:
        return drive / resistance_area * relative_conductance(drive, antiparallel_share, tmr, inverse_half_voltage)
    return (
        voltage_for_current(drive * parallel_resistance, antiparallel_share, tmr, inverse_half_voltage)
        / resistance_area
    )


@inlined
def field_along_z(net_field, density, per_density, per_density_squared, pinning_field, thermal_field):
    """a / gamma, in tesla: what pushes the wall along the track."""
    return net_field + density * (per_density + per_density_squared * density) + pinning_field + thermal_field


@inlined
def field_about_angle(density, per_density, anisotropy_field, sine_of_double_angle, thermal_field):
    """b / gamma, in tesla: what turns the wall's angle."""
    return per_density * density + 0.5 * anisotropy_field * sine_of_double_angle + thermal_field


@inlined
def rate_of_angle(rate, damping, along_z, about_angle):
    """dphi/dt in rad/s; rate = gamma / (1 + alpha^2)."""
    return rate * (along_z - damping * about_angle)


@inlined
def rate_of_position(rate, wall_width, damping, along_z, about_angle):
    """dx/dt in m/s; rate = gamma / (1 + alpha^2)."""
    return rate * wall_width * (about_angle + damping * along_z)


@inlined
def wall_rates(
    device, mode, drive, net_field, pinning, anisotropy, position, sine_of_double_angle, thermal_z, thermal_angle
):
    """(dx/dt, dphi/dt) of one device, a tables.Device."""
    share = (device.track_length - position) * device.antiparallel_share_per_length
    if mode == DENSITY_FROM_DRIVE:
        density = drive * device.density_per_drive
    elif mode == DENSITY_FROM_VOLTAGE_BY_CURRENT:
        relative = relative_conductance(drive, share, device.tmr, device.inverse_half_voltage)
        density = drive / device.resistance_area * relative
    else:
        voltage = voltage_for_current_of_one(
            drive * device.parallel_resistance, share, device.tmr, device.inverse_half_voltage
        )
        density = voltage / device.resistance_area
    along_z = field_along_z(
        net_field,
        density,
        device.field_like_per_density,
        device.field_like_per_density_squared,
        pinning,
        thermal_z,
    )
    about_angle = field_about_angle(
        density, device.slonczewski_per_density, anisotropy, sine_of_double_angle, thermal_angle
    )
    return (
        rate_of_position(device.rate, device.wall_width, device.damping, along_z, about_angle),
        rate_of_angle(device.rate, device.damping, along_z, about_angle),
    )
