"""The spike of a neuron, and the voltage of two neurons across the synapse between them."""

from dataclasses import dataclass

from ..device.parameters import DeviceParameters
from ..drive import PiecewiseLinear, WaveformSum
from ..support import validation

SHAPES = ("rectangle", "sawtooth")
_SHARES = {"rectangle": (0.75, 0.25), "sawtooth": (0.65, 0.45)}
NEURONS = ("presynaptic", "postsynaptic")


@dataclass(frozen=True, kw_only=True)
class Spike:
    """A negative pulse followed by a longer positive tail, applied by a neuron to its terminal of a synapse.

    The voltage across a synapse is that of the presynaptic neuron minus that of the postsynaptic neuron.  A single
    spike thus appears as it is, or inverted.  Two spikes add up where the pulse of one overlaps with the tail of the
    other: to pulse_voltage + tail_voltage, towards the parallel state, if the presynaptic neuron fires first, and to
    the opposite voltage if it fires second (Zamarreno-Ramos et al. 2011, doi 10.3389/fnins.2011.00026).

    Raises InputError.
    """

    pulse_voltage: float
    """Magnitude of the pulse, V."""
    tail_voltage: float
    """Magnitude of the tail at its start, V."""
    shape: str = "sawtooth"
    """Shape of the tail: 'rectangle', constant, or 'sawtooth', a straight line to 0."""
    width: float = 6e-9
    """Duration of the pulse's flat part, s."""
    edge: float = 4e-9
    """Duration of the slopes to the pulse, from it to the tail, and to 0, s.  After a jump a wall rings for a while,
    and crosses barriers that it would not cross after a slow change."""
    tail: float = 24e-9
    """Duration of the tail between its slopes, s."""

    def __post_init__(self) -> None:
        for name in ("pulse_voltage", "tail_voltage", "edge"):
            validation.non_negative(name, getattr(self, name))
        for name in ("width", "tail"):
            validation.positive(name, getattr(self, name))
        validation.choice("shape", self.shape, SHAPES)

    @classmethod
    def below_threshold(cls, parameters: DeviceParameters, shape: str = "sawtooth") -> "Spike":
        """A spike for a device, whose pulse and tail stay below the static threshold, `threshold_voltage`.

        Pulse and tail are 0.65 and 0.45 times the threshold with a sawtooth, 0.75 and 0.25 times with a rectangle.
        Together they reach it (1.1 and 1.0 times).  Their areas are about equal, so that the tail mostly undoes
        thermally activated motion during the pulse.
        """
        threshold = validation.instance("parameters", parameters, DeviceParameters).threshold_voltage
        pulse, tail = _SHARES[validation.choice("shape", shape, SHAPES)]
        return cls(pulse_voltage=pulse * threshold, tail_voltage=tail * threshold, shape=shape)

    @property
    def duration(self) -> float:
        """From the start of the pulse to the end of the tail, s."""
        return self.width + self.tail + 3.0 * self.edge

    @property
    def waveform(self) -> PiecewiseLinear:
        """The voltage of the spike, V, which starts at 0 s."""
        top = self.edge, self.edge + self.width
        tail = top[1] + self.edge, top[1] + self.edge + self.tail
        last = self.tail_voltage if self.shape == "rectangle" else 0.0
        return PiecewiseLinear(
            (0.0, *top, *tail, tail[1] + self.edge),
            (0.0, -self.pulse_voltage, -self.pulse_voltage, self.tail_voltage, last, 0.0),
        )

    def alone(self, neuron: str) -> PiecewiseLinear:
        """Voltage across the synapse, V, when only the 'presynaptic' or only the 'postsynaptic' neuron fires."""
        return self.waveform.scaled(1.0 if validation.choice("neuron", neuron, NEURONS) == "presynaptic" else -1.0)

    def starts(self, delay: float) -> tuple[float, float]:
        """Firing times of the presynaptic and the postsynaptic neuron, s; the earlier one is 0."""
        later = validation.number("delay", delay)
        return max(0.0, -later), max(0.0, later)

    def pair(self, delay: float) -> WaveformSum:
        """Voltage across the synapse, V, when the postsynaptic neuron fires `delay` (s) after the presynaptic one.

        A negative delay means before it.  Time 0 is the start of the earlier spike.
        """
        before, after = self.starts(delay)
        return WaveformSum((self.waveform.delayed(before), self.waveform.delayed(after)), (1.0, -1.0))
