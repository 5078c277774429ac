"""The spike of a neuron, and the voltage that two neurons leave across the synapse between them."""

from dataclasses import dataclass

from ..device.parameters import DeviceParameters
from ..drive import PiecewiseLinear, WaveformSum
from ..support import validation

SHAPES = ("rectangle", "sawtooth")
_SHARES = {"rectangle": (0.75, 0.25), "sawtooth": (0.65, 0.45)}
NEURONS = ("presynaptic", "postsynaptic")


@dataclass(frozen=True, kw_only=True)
class Spike:
    """A negative pulse, and after it a positive tail that lasts longer: what a neuron puts on its side of a synapse.

    The voltage across a synapse is that of the neuron before it less that of the neuron after it, so that a spike alone
    is seen as it is, or upside down, and two of them add up where the pulse of one meets the tail of the other: to
    pulse_voltage + tail_voltage, towards the parallel state where the neuron before was first, and to minus as much
    where it was second (Zamarreno-Ramos et al. 2011, doi 10.3389/fnins.2011.00026).

    Raises InputError.
    """

    pulse_voltage: float
    """V, of the pulse, a size."""
    tail_voltage: float
    """V, of the tail at its start, a size."""
    shape: str = "sawtooth"
    """Of the tail: 'rectangle', constant, or 'sawtooth', a straight line to 0."""
    width: float = 6e-9
    """Of the pulse's flat part, s."""
    edge: float = 4e-9
    """Of the slopes to the pulse, from it to the tail, and to 0, s.  A wall rings for a while after a jump, and swings
    over barriers that a slow change would leave it behind."""
    tail: float = 24e-9
    """Of the tail between its slopes, s."""

    def __post_init__(self) -> None:
        for name in ("pulse_voltage", "tail_voltage", "edge"):
            validation.non_negative(name, getattr(self, name))
        for name in ("width", "tail"):
            validation.positive(name, getattr(self, name))
        validation.choice("shape", self.shape, SHAPES)

    @classmethod
    def below_threshold(cls, parameters: DeviceParameters, shape: str = "sawtooth") -> "Spike":
        """One for a device: neither its pulse nor its tail reaches the static threshold, `threshold_voltage`.

        Pulse and tail are 0.65 and 0.45 times the threshold with a sawtooth, 0.75 and 0.25 times with a rectangle.
        Together they reach it (1.1 and 1.0 times), and their areas are about equal, so that what thermal fields let one
        half of a spike move, the other half mostly moves back.
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
        """V, from 0 s on."""
        top = self.edge, self.edge + self.width
        tail = top[1] + self.edge, top[1] + self.edge + self.tail
        last = self.tail_voltage if self.shape == "rectangle" else 0.0
        return PiecewiseLinear(
            (0.0, *top, *tail, tail[1] + self.edge),
            (0.0, -self.pulse_voltage, -self.pulse_voltage, self.tail_voltage, last, 0.0),
        )

    def alone(self, neuron: str) -> PiecewiseLinear:
        """V across the synapse where only the 'presynaptic' or only the 'postsynaptic' neuron fires."""
        return self.waveform.scaled(1.0 if validation.choice("neuron", neuron, NEURONS) == "presynaptic" else -1.0)

    def starts(self, delay: float) -> tuple[float, float]:
        """When the neurons before and after the synapse fire, s: the first at 0, the other so much later."""
        later = validation.number("delay", delay)
        return max(0.0, -later), max(0.0, later)

    def pair(self, delay: float) -> WaveformSum:
        """V across the synapse whose second neuron fires `delay` s after its first one; below 0: before it.

        It begins with the earlier of the two.
        """
        before, after = self.starts(delay)
        return WaveformSum((self.waveform.delayed(before), self.waveform.delayed(after)), (1.0, -1.0))
