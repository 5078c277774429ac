"""The equations of the model, on plain floats (Lequeux et al. 2016, doi 10.1038/srep31510, Eq. 1).

With all fields in tesla, a = gamma (H_z + sigma_FLT + H_pin + b_1) and b = gamma (sigma_ST + H_K sin(2 phi) / 2 + b_2):

    dphi/dt = (a - alpha b) / (1 + alpha^2)        dx/dt = Delta (b + alpha a) / (1 + alpha^2)
"""

from . import terms
from .added_terms import add_terms
from .heating import at_rise, warming
from .jit import inlined
from .junction import conductance_and_slope, voltage_for_current, voltage_for_current_of_one

# How the current density in the torques follows from the drive.
DENSITY_FROM_DRIVE = 0  # J is proportional to the drive, wherever the wall is
DENSITY_FROM_VOLTAGE_BY_CURRENT = 1  # the drive is a voltage, J = I / A
DENSITY_FROM_CURRENT_BY_VOLTAGE = 2  # the drive is a current, J = V / RA_P


@inlined
def density_from_state(
    mode, drive, antiparallel_share, tmr, inverse_half_voltage, parallel_resistance, resistance_area
):
    """The current density in the torques, in A/m2, in the two modes where it depends on the wall's position."""
    if mode == DENSITY_FROM_VOLTAGE_BY_CURRENT:
        conductance, _ = conductance_and_slope(drive, antiparallel_share, tmr, inverse_half_voltage)
        return drive / resistance_area * conductance
    return (
        voltage_for_current(drive * parallel_resistance, antiparallel_share, tmr, inverse_half_voltage)
        / resistance_area
    )


@inlined
def field_along_z(net_field, density, per_density, per_density_squared, pinning_field, thermal_field):
    """a / gamma, in tesla: what pushes the wall along the track."""
    return (
        terms.external_and_stray_field(net_field)
        + terms.field_like_torque(density, per_density, per_density_squared)
        + terms.pinning(pinning_field)
        + terms.thermal(thermal_field)
    )


@inlined
def field_about_angle(density, per_density, anisotropy_field, sine_of_double_angle, thermal_field):
    """b / gamma, in tesla: what turns the wall's angle."""
    return (
        terms.slonczewski_torque(density, per_density)
        + terms.two_fold_anisotropy(anisotropy_field, sine_of_double_angle)
        + terms.thermal(thermal_field)
    )


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
    device,
    mode,
    drive,
    net_field,
    pinning,
    anisotropy,
    anisotropy_slope,
    position,
    angle,
    sine_of_double_angle,
    thermal_z,
    thermal_angle,
    rise,
):
    """(dx/dt, dphi/dt, d(rise)/dt) of one device: a Device, DeviceWithTerms or HeatedDevice."""
    device, pinning, anisotropy, thermal_z, thermal_angle = at_rise(
        device, rise, pinning, anisotropy, thermal_z, thermal_angle
    )
    share = (device.track_length - position) * device.antiparallel_share_per_length
    if mode == DENSITY_FROM_DRIVE:
        density = drive * device.density_per_drive
    elif mode == DENSITY_FROM_VOLTAGE_BY_CURRENT:
        relative, _ = conductance_and_slope(drive, share, device.tmr, device.inverse_half_voltage)
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
    along_z, about_angle, wall_width = add_terms(
        device, density, position, angle, anisotropy_slope, along_z, about_angle, thermal_z, thermal_angle
    )
    return (
        rate_of_position(device.rate, wall_width, device.damping, along_z, about_angle),
        rate_of_angle(device.rate, device.damping, along_z, about_angle),
        warming(device, density, position, rise),
    )
