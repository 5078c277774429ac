"""The steps of a sensitivity analysis, for each parameter and each neglected effect."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ..constants import NANOSECOND, OERSTED
from ..device import heating
from ..device.anisotropy import AnisotropyProfile
from ..device.parameters import PARAMETERS, DeviceParameters
from ..device.published import lequeux2016_track
from ..micromagnetics.stripe import Stripe
from ..support.arrays import FloatArray
from ..track.landscape import Landscape
from ..track.wells import ParabolicWell, Well

STEP = 0.1
"""Step of a parameter, relative to its value."""
MISALIGNMENT = np.radians(2.0)
"""rad, of the applied field."""
APPLIED_FIELD = 85.0 * OERSTED
"""The paper's, T."""
DMI = 0.05e-3
"""J/m2."""
THERMAL_RESISTANCE = 20e3
"""K/W, assumed."""
HEATING = 30.0
"""K: the rise by 1.5 mW, the power of the paper's sweep at its end, 6.5 mA, with that resistance."""
_ANISOTROPY_EXPONENT = 2.2  # K_u is proportional to this power of M_s
_EXCHANGE_EXPONENT = 2.0  # and A to this one
_PERPENDICULAR_PER_VOLT = 0.5  # 1/V: 50 fJ/(V m) on 1 nm of MgO, over K_eff = A / Delta^2
_ANISOTROPY_PER_VOLT = 100.0 * OERSTED  # T/V: its effect on H_K, from micromagnetics of the paper's stripe
_QUADRATIC = 100.0 * OERSTED  # T/V2
_ENDS_FROM = 100e-9  # m: distance from the track's end of a site that feels the stray field rise


def _warmed(parameters: DeviceParameters, rise: float) -> DeviceParameters:
    """The device that does not heat up and is, at any time, what this one is at a rise of temperature (K).

    The fields of its sites go with `heating.magnetisation_at`, too, and its thermal fields with the temperature.
    """
    moment = float(heating.magnetisation_at(parameters, rise))
    return parameters.replace(
        thermal_resistance=0.0,
        saturation_magnetisation=moment * parameters.saturation_magnetisation,
        anisotropy_field=moment * parameters.anisotropy_field + parameters.anisotropy_field_per_kelvin * rise,
        fourth_order_anisotropy_field=moment * parameters.fourth_order_anisotropy_field,
        field_like_quadratic=parameters.field_like_quadratic / moment,
        tmr=float(heating.tmr_at(parameters, rise)),
    )


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A device, its single site, its track of many sites and its surroundings, SI."""

    parameters: DeviceParameters
    external_field: float
    temperature: float
    coercive_field: float
    half_width: float
    well_fields: float = 1.0
    """The factor of the H_c of the track's sites; likewise for their widths and their H_K."""
    well_widths: float = 1.0
    anisotropies: float = 1.0
    anisotropy_shift: float = 0.0
    """T, added to H_K everywhere."""
    field_at_ends: float = 0.0
    """The stray field in the middle of the track, T, which rises towards its ends; 0: it is uniform."""

    def with_parameters(self, **changes: Any) -> "Setting":
        """The same with other values of the device."""
        return replace(self, parameters=self.parameters.replace(**changes))

    def warmed(self, rise: float) -> "Setting":
        """What stands in its place when the junction, which heats up, is hotter by so much (K)."""
        share = float(heating.magnetisation_at(self.parameters, rise))
        return replace(
            self,
            parameters=_warmed(self.parameters, rise),
            temperature=self.temperature + rise,
            coercive_field=share * self.coercive_field,
            well_fields=share * self.well_fields,
            anisotropies=share * self.anisotropies,
        )

    def track(self, seed: int) -> Landscape:
        """The track of many sites."""
        drawn = lequeux2016_track(self.parameters, seed)
        wells: list[Well] = [
            replace(
                each,
                coercive_field=self.well_fields * each.coercive_field,
                half_width=self.well_widths * each.half_width,
            )
            for each in drawn.wells
        ]
        if self.field_at_ends:
            wells.append(_FieldAtEnds.of(self.parameters, self.field_at_ends))
        assert drawn.anisotropy is not None
        fields = self.anisotropies * np.array(drawn.anisotropy.anisotropy_fields) + self.anisotropy_shift
        return Landscape(tuple(wells), AnisotropyProfile(drawn.anisotropy.positions, tuple(fields.tolist())))


@dataclass(frozen=True, kw_only=True)
class Change:
    """One row of the table."""

    name: str
    step: str
    """The size of the change, in words."""
    effect: bool
    """Whether it is a neglected effect instead of a parameter."""
    applied: Callable[[Setting], Setting]


@dataclass(frozen=True, kw_only=True)
class _FieldAtEnds(ParabolicWell):
    """No pinning, but the excess of the stray field at the ends of the track over that in its middle.

    The layers below are a sheet of the track's outline, magnetised perpendicular to its plane: a current around its
    edge.
    coercive_field: the stray field in the middle, T, taken positive; half_width: half the track's length.
    """

    width: float
    height: float
    sign: float

    @classmethod
    def of(cls, parameters: DeviceParameters, field: float) -> "_FieldAtEnds":
        """height: the wall's width, over which the field on a wall at the very end is averaged."""
        half = 0.5 * parameters.track_length
        return cls(
            centre=half,
            coercive_field=abs(field),
            half_width=half,
            width=parameters.track_width,
            height=parameters.wall_width,
            sign=float(np.sign(field)),
        )

    def pinning_field(self, position: FloatArray) -> FloatArray:
        length = 2.0 * self.half_width
        inside = np.clip(position, 0.0, length)
        rise = self._share(inside) + self._share(length - inside) - 2.0
        return np.asarray(self.sign * self.coercive_field * rise)

    def _share(self, distance: FloatArray) -> FloatArray:
        """Twice the contribution of one end, over the field of an endless stripe: 1 far inside."""
        return np.asarray(rise_at_end(distance, self.width, self.height))

    @property
    def edges(self) -> tuple[float, ...]:
        return ()


def rise_at_end(distance: Any, width: float, height: float) -> Any:
    """The field (m from the end, at a height in m) of a semi-infinite magnetised stripe, over that of an endless
    one."""
    half = 0.5 * width
    corner = np.sqrt(distance**2 + half**2 + height**2)
    sides = 0.5 * (1.0 + distance / corner)
    end = 0.5 * distance / (distance**2 + height**2) * (half**2 + height**2) / corner
    return sides + end


def changes(base: Setting, stripe: Stripe | None = None, *, progress: bool = False) -> list[Change]:
    """All steps; stripe: the film whose K_u and temperature are changed by micromagnetics, None: they are not."""
    found = [*_parameters(base.parameters), *_surroundings(), *_effects(base)]
    if stripe is not None:
        found += _film(base.parameters, stripe, progress)
    return found


def _parameters(device: DeviceParameters) -> Iterator[Change]:
    percent = f"+{100.0 * STEP:g} %"
    for row in PARAMETERS:
        value = getattr(device, row.name)
        if row.name in heating.SETTINGS or not isinstance(value, float) or value == 0.0 or not np.isfinite(value):
            continue
        if row.is_size:
            yield Change(
                name=row.name, step=f"{percent}, same RA", effect=False, applied=partial(_resized, name=row.name)
            )
        elif row.name == "anisotropy_field":
            yield Change(name=row.name, step=percent, effect=False, applied=_stiffer)
        else:
            yield Change(name=row.name, step=percent, effect=False, applied=partial(_scaled, name=row.name))


def _scaled(setting: Setting, name: str) -> Setting:
    return setting.with_parameters(**{name: (1.0 + STEP) * getattr(setting.parameters, name)})


def _resized(setting: Setting, name: str) -> Setting:
    sizes = {name: (1.0 + STEP) * getattr(setting.parameters, name)}
    return replace(setting, parameters=setting.parameters.resized(**sizes))


def _stiffer(setting: Setting) -> Setting:
    return replace(_scaled(setting, "anisotropy_field"), anisotropies=1.0 + STEP)


def _surroundings() -> Iterator[Change]:
    percent, more = f"+{100.0 * STEP:g} %", 1.0 + STEP

    def deeper(setting: Setting) -> Setting:
        return replace(setting, coercive_field=more * setting.coercive_field, well_fields=more)

    def wider(setting: Setting) -> Setting:
        return replace(setting, half_width=more * setting.half_width, well_widths=more)

    def hotter(setting: Setting) -> Setting:
        return replace(setting, temperature=more * setting.temperature)

    yield Change(name="coercive_field", step=percent, effect=False, applied=deeper)
    yield Change(name="half_width", step=percent, effect=False, applied=wider)
    yield Change(name="temperature", step=percent, effect=False, applied=hotter)
    yield Change(name="external_field", step="+1 Oe", effect=False, applied=partial(_in_field, field=OERSTED))


def _in_field(setting: Setting, field: float) -> Setting:
    return replace(setting, external_field=setting.external_field + field)


def _effects(base: Setting) -> Iterator[Change]:
    device = base.parameters
    other = "current" if device.torque_density == "voltage" else "voltage"
    applied = max(abs(base.external_field), APPLIED_FIELD)
    tilted = applied * np.sin(MISALIGNMENT)
    shown = f"2 degrees of {applied / OERSTED:g} Oe"
    ratio = "J = I/A" if other == "current" else "J = V/RA"
    for name, step, values in (
        (f"torques by {ratio}", "instead", {"torque_density": other}),
        ("applied field misaligned along the track", shown, {"in_plane_field_x": tilted}),
        ("applied field misaligned across the track", shown, {"in_plane_field_y": tilted}),
        ("applied field misaligned across the track, other way", shown, {"in_plane_field_y": -tilted}),
        ("Oersted field, wall turned into it", "k_Oe = 1", {"oersted_field_ratio": 1.0}),
        ("Oersted field, wall turned against it", "k_Oe = -1", {"oersted_field_ratio": -1.0}),
        ("DMI", f"{1e3 * DMI:g} mJ/m2", {"interfacial_dmi": DMI}),
        (
            "voltage on H_K",
            f"{_ANISOTROPY_PER_VOLT / OERSTED:g} Oe/V",
            {"anisotropy_field_per_volt": _ANISOTROPY_PER_VOLT},
        ),
        (
            "voltage on the wall's width",
            f"{100.0 * _PERPENDICULAR_PER_VOLT:g} %/V",
            {"perpendicular_anisotropy_per_volt": _PERPENDICULAR_PER_VOLT},
        ),
        ("force of the varying H_K", "k_K = 1", {"anisotropy_gradient_force": 1.0}),
        ("field-like torque with V^2", f"{_QUADRATIC / OERSTED:g} Oe/V2", {"field_like_quadratic": _QUADRATIC}),
    ):
        yield Change(name=name, step=step, effect=True, applied=partial(_with, values=values))
    if np.isfinite(device.tmr_half_voltage):
        yield Change(
            name="no fall of the TMR with the bias",
            step="V_h = inf",
            effect=True,
            applied=partial(_with, values={"tmr_half_voltage": np.inf}),
        )
    rise = device.stray_field * (float(rise_at_end(_ENDS_FROM, device.track_width, device.wall_width)) - 1.0)

    def near_an_end(setting: Setting) -> Setting:
        return replace(_in_field(setting, rise), field_at_ends=device.stray_field)

    if device.stray_field:
        yield Change(
            name="stray field's rise at the ends",
            step=f"{rise / OERSTED:.3g} Oe at 100 nm",
            effect=True,
            applied=near_an_end,
        )
    hot = {"thermal_resistance": THERMAL_RESISTANCE}
    step = f"{THERMAL_RESISTANCE / 1e3:g} K/mW, {device.thermal_time_constant / NANOSECOND:g} ns"
    yield Change(name="Joule heating", step=step, effect=True, applied=partial(_with, values=hot))


def _with(setting: Setting, values: dict[str, Any]) -> Setting:
    return setting.with_parameters(**values)


def _but_for_its_wall(warm: Setting, cold: Setting) -> Setting:
    """A warm setting with the anisotropies of the cold one, because they change with the wall of the film."""
    names = ("anisotropy_field", "fourth_order_anisotropy_field")
    fields = {name: getattr(cold.parameters, name) for name in names}
    return replace(warm.with_parameters(**fields), anisotropies=cold.anisotropies)


def _film(device: DeviceParameters, stripe: Stripe, progress: bool) -> Iterator[Change]:
    """The effect of K_u on the wall of the film, by micromagnetics: its Delta, H_K and H_4."""
    from ..micromagnetics.walls import relax_wall, turn_wall

    def wall(film: Stripe) -> dict[str, float]:
        free, turned = relax_wall(film), turn_wall(film, progress=progress)
        names = ("anisotropy_field", "fourth_order_anisotropy_field")
        return {"wall_width": float(free.wall_width), **{name: float(turned[name]) for name in names}}

    before = wall(stripe)

    def of(after: dict[str, float], setting: Setting) -> Setting:
        shift = after["anisotropy_field"] - before["anisotropy_field"]
        fourth = after["fourth_order_anisotropy_field"] - before["fourth_order_anisotropy_field"]
        device = setting.parameters
        changed = setting.with_parameters(
            wall_width=device.wall_width * after["wall_width"] / before["wall_width"],
            anisotropy_field=device.anisotropy_field + shift,
            fourth_order_anisotropy_field=device.fourth_order_anisotropy_field + fourth,
        )
        return replace(changed, anisotropy_shift=shift)

    for name, percent in (("higher K_u of the film", 2.0), ("lower K_u of the film", -2.0)):
        film = stripe.replace(uniaxial_anisotropy=(1.0 + 0.01 * percent) * stripe.uniaxial_anisotropy)
        yield Change(name=name, step=f"{percent:+g} %", effect=True, applied=partial(of, wall(film)))
    share = float(heating.magnetisation_at(device, HEATING))
    film = stripe.replace(
        saturation_magnetisation=share * stripe.saturation_magnetisation,
        uniaxial_anisotropy=share**_ANISOTROPY_EXPONENT * stripe.uniaxial_anisotropy,
        exchange_stiffness=share**_EXCHANGE_EXPONENT * stripe.exchange_stiffness,
    )
    hot = wall(film)
    yield Change(
        name="Joule heating of the film",
        step=f"+{HEATING:g} K",
        effect=True,
        applied=lambda setting: of(hot, _but_for_its_wall(setting.warmed(HEATING), setting)),
    )
