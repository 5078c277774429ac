"""The motion of a wall between the barriers of its track, followed by quarter orbits.

Without damping and noise a wall circles a minimum of H at constant H, through the four quadrants into which the axes
through the minimum divide its surroundings.  Damping and noise change its energy a little in each quadrant: H diffuses
by

    d<H^2> = 2 S,    S(E) = alpha int (|dU/dxi| |dphi| + |dV/dphi| |dxi|)        (along the orbit, in (k_B T)^2)

and drifts towards the equilibrium exp(-H).  The energy at the end of a quadrant decides what follows.  Below the
barrier that closes the quadrant the wall crosses the axis into the next quadrant; above it the wall passes into the
neighbouring site or the neighbouring minimum of the angle, whose energy the Slonczewski torque has lowered or raised.
The fluxes between quadrants obey linear equations, valid from the weakest damping (Kramers' energy diffusion, where S
is small) to transition-state theory (where S is large), like those of Mel'nikov for one barrier far above k_B T (doi
10.1016/0370-1573(91)90108-X), but for barriers of any height, with all ways out and what follows them.

Noise also acts on the position itself, so that a wall whose energy ends somewhat below the barrier may touch the top of
the barrier and return.  In units of k_B T and near its turning point the wall follows a parabola, -F^2 k tau^2 / 2 in
energy, to which noise adds F sqrt(2 alpha) W(tau), where F is the slope of U, k the curvature of V and tau the time
times Gamma.  The highest energy that it reaches along the track therefore exceeds its own by

    2 alpha^(2/3) F^(2/3) k^(-1/3) max_s [W(s) - s^2],    s and W(s) a time and a Brownian motion in both directions.

Those walls count in the rates of leaving a site for the first time, but not in those of being caught elsewhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import scipy.sparse as sparse
from scipy.interpolate import CubicSpline
from scipy.sparse.linalg import SuperLU, splu

from ..support.arrays import FloatArray, IntArray
from ..support.validation import ConvergenceError
from .potentials import Beyond, Minimum, Scales, Side

_STAGES = 3  # of the energy change within a quadrant: the sum of this many exponential ones is nearly Gaussian
_BELOW_BARRIER = 14.0  # k_B T below the lowest barrier: at lower energies a site is in equilibrium
_STRIP = 1.5  # k_B T: thickness of the layer in which a wall counts as caught
_FINEST = 0.1  # k_B T
_MOST_BINS = 600
_ITERATIONS = 6
_LARGEST_EXPONENT = 600.0  # at larger ones the fluxes below a barrier vanish anyway
_NO_SITE = -1  # owner of a flight between two sites
_SHORTEST = 0.1  # wall widths: least length of a stretch beyond the sites
# int_0^m P dm of the probability P that max_s [W(s) - s^2] exceeds m, from the diffusion equation solved backwards.
# The last value is the mean, 0.99619 / 2^(1/3): Janson, Louchard and Martin-Loef 2010, doi 10.1214/EJP.v15-830.
_FARTHEST = 3.0
_HIGHEST = CubicSpline(
    np.linspace(0.0, _FARTHEST, 13),
    [0.0, 0.24242, 0.44552, 0.59159, 0.68434, 0.73756, 0.76567, 0.77951, 0.78593, 0.78875, 0.78993, 0.79040, 0.79068],
    bc_type=((1, 1.0), (1, 0.0)),
)

RIGHT_ABOVE, RIGHT_BELOW, LEFT_BELOW, LEFT_ABOVE = range(4)  # in the order in which a wall passes through them


@dataclass(frozen=True)
class Site:
    """A minimum of U with its minima of V; V is measured from the lowest of them."""

    along: Minimum
    cells: Sequence[Minimum]
    drop: float
    """By how much V rises from one period of the angle to the next, k_B T."""

    def scaled(self, factor: float) -> "Site":
        """The same site with all energies multiplied by a factor."""
        return Site(self.along.scaled(factor), [cell.scaled(factor) for cell in self.cells], factor * self.drop)

    def lowest(self, cell: int) -> float:
        """H at rest, k_B T."""
        return self.along.energy + self.cells[cell].energy

    def gates(self, cell: int) -> tuple[float, float, float, float]:
        """H at the saddles to the left and right, and towards lower and higher angles."""
        along, about = self.along, self.cells[cell]
        return (
            along.below.top + about.energy,
            along.above.top + about.energy,
            along.energy + about.below.top,
            along.energy + about.above.top,
        )


@dataclass
class _Segment:
    """A stretch of orbits between two decisions, on the bins first ... first + size."""

    first: int
    spread: FloatArray
    """S at the edges between its bins, shape (size - 1,)."""
    duration: FloatArray
    """Time that a wall spends in it, s, shape (size,)."""
    hidden: float = 0.0
    """int duration exp(H_0 - H) dH below the first bin over its width, H_0 the lowest energy of the site, s."""
    start: int = 0
    """Number of its first unknown."""

    @property
    def size(self) -> int:
        return self.duration.size

    @property
    def stop(self) -> int:
        return self.first + self.size

    @property
    def bins(self) -> slice:
        return slice(self.first, self.stop)


_Key = tuple[int, int, int]  # site, minimum of the angle, quadrant


class _Way(NamedTuple):
    """A continuation from the end of a quadrant."""

    gate: float
    """Energy that decides, k_B T."""
    above: bool
    """Whether the way is open above the gate, or below it."""
    target: _Key | int
    """A quadrant, or the end of the track at -1 or 1."""
    gained: float
    """H over there against H here, k_B T."""


class _Arrival(NamedTuple):
    """Where a flux ends."""

    state: int
    unknowns: IntArray
    shares: FloatArray


@dataclass
class _Equations:
    """Entries of the sparse matrix, and the fluxes that end."""

    rows: list[IntArray] = field(default_factory=list)
    columns: list[IntArray] = field(default_factory=list)
    values: list[FloatArray] = field(default_factory=list)
    arrivals: list[_Arrival] = field(default_factory=list)

    def factors(self, total: int) -> SuperLU:
        """The factorised matrix."""
        entries = np.concatenate(self.rows), np.concatenate(self.columns)
        matrix = sparse.csc_matrix((np.concatenate(self.values), entries), shape=(total, total))
        # An M-matrix needs no pivoting, and the pattern of this one is nearly symmetric.  Its columns are so short that
        # panels and supernodes of several of them would take twice the time of single ones.
        method = {"permc_spec": "MMD_AT_PLUS_A", "options": {"SymmetricMode": True}, "panel_size": 1, "relax": 1}
        try:
            return splu(matrix, diag_pivot_thresh=0.0, **method)
        except RuntimeError as error:
            raise ConvergenceError(f"the equations of the rate theory have no solution here ({error})") from None

    def arriving(self, total: int, states: int) -> sparse.csr_matrix:
        """The share of each flux that ends in each state, shape (total, states)."""
        rows = np.concatenate([arrival.unknowns for arrival in self.arrivals])
        columns = np.repeat(
            [arrival.state for arrival in self.arrivals], [each.unknowns.size for each in self.arrivals]
        )
        shares = np.concatenate([arrival.shares for arrival in self.arrivals])
        return sparse.csr_matrix((shares, (rows, columns)), shape=(total, states))

    def add(self, rows: IntArray, columns: IntArray, values: FloatArray) -> None:
        """Add entries at rows and columns, all of the same shape."""
        self.rows.append(rows)
        self.columns.append(columns)
        self.values.append(values)


@dataclass(frozen=True)
class Captures:
    """Where walls that have left a site, or come back from beyond all of them, are caught."""

    caught: FloatArray
    """Rates, 1/s, of being caught elsewhere, shape (sites, sites + 2): beyond the first site, at each site, beyond the
    last.  Per unit of all the time that passes, on the way included."""
    returning: FloatArray
    """Rates, 1/s, of coming back from beyond the first site and from beyond the last one, shape (2, sites + 2)."""
    on_the_way: FloatArray
    """Share of that time in which a wall has left its site and is not caught yet, shape (sites,)."""

    @classmethod
    def none(cls, count: int) -> "Captures":
        """Of sites that no wall leaves."""
        return cls(np.zeros((count, count + 2)), np.zeros((2, count + 2)), np.zeros(count))

    def leaving_at(self, now: FloatArray, before: FloatArray) -> "Captures":
        """The same where walls leave each site at the rate `now` instead of the one `before`, 1/s, shape (sites,) each,
        with unchanged times on the way."""
        slower = np.divide(before, now, out=np.ones_like(now), where=now > 0.0)
        stretched = slower * (1.0 - self.on_the_way) + self.on_the_way
        factor = np.where(now > 0.0, 1.0 / stretched, 0.0)
        return Captures(self.caught * factor[:, np.newaxis], self.returning, self.on_the_way / stretched)


class OrbitNetwork:
    """All sites of a track, as quadrants between which walls move."""

    def __init__(
        self,
        sites: Sequence[Site],
        gaps: Sequence[float],
        beyond: tuple[Beyond, Beyond],
        scales: Scales,
        *,
        touches: bool = True,
    ) -> None:
        """gaps: lengths in xi of the flat tops between neighbouring sites, shape (sites - 1,).

        beyond: the stretches before the first site and after the last one.  touches: whether a wall leaves a site when
        it first touches the top of a barrier, or once its energy suffices to pass it.
        """
        self._touches = touches
        self._sites = sites
        self._stretches = beyond
        self._scales = scales
        self._states = [(number, cell) for number, site in enumerate(sites) for cell in range(len(site.cells))]
        caps = [[self._cap(site, cell) for cell in range(len(site.cells))] for site in sites]
        self._width = _FINEST
        for site, row in zip(sites, caps, strict=True):
            highest = max(site.along.below.top, site.along.above.top)
            top = highest + max(max(cell.below.top, cell.above.top) for cell in site.cells)
            window, depth = top - min(row) + _STRIP, top - site.along.energy
            self._width = float(max(self._width, window / _MOST_BINS, 0.1 * depth / _MOST_BINS))
        self._caps = caps
        self._segments: dict[_Key, _Segment] = {}
        self._flights: dict[_Key, _Segment] = {}
        self._populations = np.zeros((len(sites), max(len(site.cells) for site in sites)))
        self._orbit_loss = np.zeros(len(sites))
        for number, site in enumerate(sites):
            for cell in range(len(site.cells)):
                self._lay_quadrants(number, cell)
        for number, gap in enumerate(gaps):
            if gap > 0.0:
                for cell in range(min(len(sites[number].cells), len(sites[number + 1].cells))):
                    self._lay_flights(number, cell, gap)
        total = 0
        for segment in [*self._segments.values(), *self._flights.values()]:
            segment.start = total
            total += _STAGES * segment.size

    @staticmethod
    def _cap(site: Site, cell: int) -> float:
        lowest = site.lowest(cell)
        barrier = min(site.gates(cell)) - lowest
        return lowest + max(min(1.0, 0.25 * barrier), barrier - _BELOW_BARRIER)

    def _bin_edges(self, side: Side) -> tuple[int, FloatArray]:
        first = int(np.floor(side.energy[0] / self._width))
        last = int(np.floor(side.top / self._width)) + 1
        edges = np.asarray(self._width * np.arange(first, last + 1), dtype=np.float64)
        return first, edges

    def _lay_quadrants(self, number: int, cell: int) -> None:
        site, scales, width = self._sites[number], self._scales, self._width
        along, about = site.along, site.cells[cell]
        lowest = site.lowest(cell)
        exit_energy = min(site.gates(cell)[:2])
        sides = {
            RIGHT_ABOVE: (along.above, about.above),
            RIGHT_BELOW: (along.above, about.below),
            LEFT_BELOW: (along.below, about.below),
            LEFT_ABOVE: (along.below, about.above),
        }
        for quadrant, (x_side, angle_side) in sides.items():
            x_first, x_edges = self._bin_edges(x_side)
            x_length, x_force = x_side.in_bins(x_edges)
            first, edges = self._bin_edges(angle_side)
            length, force = angle_side.in_bins(edges)
            # Pairs of bins of U and V; their sum spans two bins of H, on both sides of the edge between them.
            pairs = np.convolve(x_length, length)
            spread = scales.damping / width * (np.convolve(x_force, length) + np.convolve(x_length, force))
            area = np.zeros(pairs.size + 1)
            area[:-1] += 0.5 * pairs
            area[1:] += 0.5 * pairs
            duration = area / (width * scales.rate)
            begin = x_first + first
            energy = width * (begin + np.arange(area.size) + 0.5)
            self._populations[number, cell] += float(duration @ np.exp(lowest - energy)) * width
            at_exit = min(max(int(exit_energy / width) - begin, 0), spread.size - 1)
            if cell == 0:
                self._orbit_loss[number] += float(spread[at_exit])
            cut = max(0, int(np.floor((self._caps[number][cell] - _STRIP) / width)) - begin)
            ground = min(site.lowest(each) for each in range(len(site.cells)))
            hidden = float(duration[:cut] @ np.exp(ground - energy[:cut]))
            self._segments[number, cell, quadrant] = _Segment(begin + cut, spread[cut:], duration[cut:], hidden)

    def _lay_flights(self, number: int, cell: int, gap: float) -> None:
        """Flights over a flat top between two sites, rightwards above the cell's minimum and leftwards below it."""
        site = self._sites[number]
        level = site.along.above.top
        for direction, side in ((1, site.cells[cell].above), (-1, site.cells[cell].below)):
            first = int(np.floor((level + side.energy[0]) / self._width))
            last = int(np.floor((level + side.top) / self._width)) + 1
            edges = self._width * np.arange(first, last + 1) - level
            slope = np.gradient(side.energy, side.coordinate)
            force = np.interp(edges, side.energy + 1e-12 * np.arange(side.energy.size), np.abs(slope))
            middle = np.maximum(0.5 * (force[1:] + force[:-1]), 1e-3 * force.max())
            self._flights[number, cell, direction] = _Segment(
                first, self._scales.damping * force[1:-1] * gap, gap / (middle * self._scales.rate)
            )

    def _ways_on(self, key: _Key, alone: bool) -> list[_Way]:
        """The continuations between which the energy at the end of a quadrant decides."""
        number, cell, quadrant = key
        site = self._sites[number]
        left, right, lower, higher = site.gates(cell)
        cells = len(site.cells)
        if quadrant == RIGHT_ABOVE:
            crosses, passes = (number, cell, RIGHT_BELOW), self._beyond(number, cell, 1, alone)
            gate, gained = right, 0.0
        elif quadrant == LEFT_BELOW:
            crosses, passes = (number, cell, LEFT_ABOVE), self._beyond(number, cell, -1, alone)
            gate, gained = left, 0.0
        elif quadrant == RIGHT_BELOW:
            crosses, passes = (number, cell, LEFT_BELOW), (number, (cell - 1) % cells, RIGHT_ABOVE)
            gate, gained = lower, site.drop if cell == 0 else 0.0
        else:
            crosses, passes = (number, cell, RIGHT_ABOVE), (number, (cell + 1) % cells, LEFT_BELOW)
            gate, gained = higher, -site.drop if cell == cells - 1 else 0.0
        return [_Way(gate, False, crosses, 0.0), _Way(gate, True, passes, gained)]

    def _beyond(self, number: int, cell: int, direction: int, alone: bool) -> _Key | int:
        neighbour = number + direction
        if alone or not 0 <= neighbour < len(self._sites):
            return direction
        quadrant = LEFT_ABOVE if direction > 0 else RIGHT_BELOW
        return neighbour, min(cell, len(self._sites[neighbour].cells) - 1), quadrant

    def solve(self, alone: bool) -> tuple[FloatArray, FloatArray]:
        """Rates, 1/s, from each state (a site's minimum of the angle) to each state and to the two ends.

        alone: a wall ends when it first leaves its site; otherwise it continues until it is caught or passes the first
        or last barrier of the track.  Shape (states + 2, states + 2); also the share of time that a
        wall of each state spends outside its site, shape (states,).
        """
        flights = {} if alone else self._flights
        segments = [*self._segments.values(), *flights.values()]
        total = _unknowns(segments)
        equations = _Equations()
        for segment in segments:
            self._add_diffusion(equations, segment)
        for key, segment in self._segments.items():
            for way in self._ways_on(key, alone):
                above = self._leaving(key, segment, way.gate) if alone else self._above(segment, way.gate)
                share = above if way.above else 1.0 - above
                flight = None
                if not isinstance(way.target, int) and way.target[0] != key[0]:
                    flight = flights.get((min(key[0], way.target[0]), key[1], way.target[0] - key[0]))
                if flight is not None:
                    self._connect(equations, segment, share, flight, 0.0)
                else:
                    self._pass_on(equations, segment, share, way)
        for (number, cell, direction), segment in flights.items():
            source = number if direction > 0 else number + 1
            target = self._beyond(source, cell, direction, alone)
            self._pass_on(equations, segment, np.ones(segment.size), _Way(0.0, True, target, 0.0))
        owners = [key[0] for key in self._segments] + [_NO_SITE] * len(flights)
        energy, owner, dwelling = np.zeros(total), np.full(total, _NO_SITE), np.zeros(total)
        for segment, number in zip(segments, owners, strict=True):
            unknowns = slice(segment.start, segment.start + _STAGES * segment.size)
            energy[unknowns] = np.tile(self._middles(segment), _STAGES)
            owner[unknowns] = number
            dwelling[segment.start : segment.start + segment.size] = self._dwelling(segment)
        arriving = equations.arriving(total, len(self._states) + 2)
        found = self._solve_equations(equations, total, alone)
        rates = np.zeros((len(self._states) + 2, len(self._states) + 2))
        outside = np.zeros(len(self._states))
        for index, (number, cell) in enumerate(self._states):
            # Alone, sites are independent and share their columns.
            own = np.flatnonzero(owner == number) if alone else slice(None)
            flux = found[own, cell if alone else index] * np.exp(self._sites[number].lowest(cell) - energy[own])
            times = dwelling[own] * flux
            at_home = owner[own] == number
            # Walls that start in a minimum are in equilibrium there, which is counted below.
            started = sum(self._started(number, cell, self._segments[number, cell, each]) for each in range(4))
            on_the_way = times[~at_home].sum()
            spent = self._populations[number, cell] + times[at_home].sum() - started + on_the_way
            rates[index], outside[index] = (arriving[own].T @ flux) / spent, on_the_way / spent
        for end in (0, 1):
            index = len(self._states) + end
            site, stretch = self._sites[-end], self._stretches[end]
            top = (site.along.below, site.along.above)[end].top
            scale = np.exp(np.minimum(top - energy, _LARGEST_EXPONENT))
            turned = sum(cell.weight() for cell in site.cells)
            # The end takes the angle's momentum from the wall and holds the wall until the angle is back at rest.  A
            # force towards the end turns the angle further, and from alpha times its own torque on without end.
            back = sum((cell.below, cell.above)[end].return_time(stretch.push) for cell in site.cells)
            held = stretch.at_end * back / self._scales.damping
            leaving = self._scales.rate / (max(stretch.weight, _SHORTEST) * turned + held)
            rates[index] = leaving * (arriving.T @ (found[:, end - 2] * scale))
        return rates, outside

    def _solve_equations(self, equations: "_Equations", total: int, alone: bool) -> FloatArray:
        """The fluxes over exp(-H) that leave each stage.

        One column for each initial state (alone: one for all first minima of the angle, one for all second ones), and
        the last two for walls from beyond the first and the last site.
        """
        most = max(len(site.cells) for site in self._sites)
        sources = np.zeros((total, (most if alone else len(self._states)) + 2))
        for index, (number, cell) in enumerate(self._states):
            for quadrant in range(4):
                segment = self._segments[number, cell, quadrant]
                emitted = self._width * self._caught(number, cell, segment)
                sources[segment.start : segment.start + segment.size, cell if alone else index] = emitted
        for end, quadrant in ((0, LEFT_ABOVE), (1, RIGHT_BELOW)):
            number = -end % len(self._sites)
            for cell in range(len(self._sites[number].cells)):
                segment = self._segments[number, cell, quadrant]
                gate = self._sites[number].gates(cell)[end]
                above = self._width * self._above(segment, gate)
                sources[segment.start : segment.start + segment.size, end - 2] = above
        result: FloatArray = equations.factors(total).solve(sources)
        return result

    def _started(self, number: int, cell: int, segment: _Segment) -> float:
        """Time in a quadrant of walls in equilibrium in a minimum, for the unit of flux in `solve`."""
        equilibrium = np.exp(self._sites[number].lowest(cell) - self._middles(segment))
        return self._width * float(segment.duration @ equilibrium)

    def _dwelling(self, segment: _Segment) -> FloatArray:
        """Time spent in a segment, per unit of flux that leaves a bin of its first stage."""
        up, down = self._rates(segment)
        fall = segment.duration[:-1] - segment.duration[1:]
        result = segment.duration.copy()
        result[:-1] += up * fall
        result[1:] -= down * fall
        return result

    def quasi_stationary(self) -> tuple[FloatArray, FloatArray]:
        """Rates, 1/s, of leaving each site to the left and right for a wall that has long been there, (sites,) each.

        The walls of `leaving` start at rest and need time to gain their energy; these have the distribution of the
        walls that have not left yet.  The two differ where barriers are low, and a ramp needs these.
        """
        total = _unknowns(list(self._segments.values()))
        equations = _Equations()
        exits = []
        for key, segment in self._segments.items():
            self._add_diffusion(equations, segment)
            for way in self._ways_on(key, alone=True):
                above = self._leaving(key, segment, way.gate)
                self._pass_on(equations, segment, above if way.above else 1.0 - above, way, catching=False)
                if isinstance(way.target, int):
                    exits.append((equations.arrivals[-1], key[0]))
        factors = equations.factors(total)
        # Alone, sites are independent, and one solution holds all of them.
        scale, source = np.zeros(total), np.zeros(total)
        for (number, _, _), segment in self._segments.items():
            cells = range(len(self._sites[number].cells))
            lowest = min(self._sites[number].lowest(cell) for cell in cells)
            unknowns = slice(segment.start, segment.start + _STAGES * segment.size)
            scale[unknowns] = np.tile(np.exp(lowest - self._middles(segment)), _STAGES)
            source[segment.start : segment.start + segment.size] = segment.duration
        fluxes = np.zeros((len(self._sites), 2))
        populations = np.ones(len(self._sites))
        for _ in range(_ITERATIONS):
            found = factors.solve(source)
            populations[:] = 0.0
            source = np.zeros(total)
            for (number, _, _), segment in self._segments.items():
                first = slice(segment.start, segment.start + segment.size)
                stay = segment.duration * self._entered(segment, found[first] * scale[first])
                # Below the lowest bin walls are in equilibrium with those in it.
                stay[0] += segment.hidden * found[segment.start]
                populations[number] += float(stay.sum())
                source[first] = stay / scale[first]
            fluxes[:] = 0.0
            for arrival, number in exits:
                flux = found[arrival.unknowns] * scale[arrival.unknowns]
                fluxes[number, arrival.state - len(self._states)] += float(arrival.shares @ flux)
            for (number, _, _), segment in self._segments.items():
                source[segment.start : segment.start + segment.size] /= populations[number]
        left, right = fluxes.T / populations
        return left, right

    def _entered(self, segment: _Segment, flux: FloatArray) -> FloatArray:
        """The flux that has entered a segment, from the flux that leaves its first stage."""
        up, down = self._rates(segment)
        result = flux.copy()
        result[:-1] += up * flux[:-1] - down * flux[1:]
        result[1:] += down * flux[1:] - up * flux[:-1]
        return result

    def _above(self, segment: _Segment, gate: float) -> FloatArray:
        """The share of each bin above a gate."""
        return np.clip(np.arange(segment.first, segment.stop) + 1.0 - gate / self._width, 0.0, 1.0)

    def _leaving(self, key: _Key, segment: _Segment, gate: float) -> FloatArray:
        """The share of each bin above a gate, with the walls below it that touch a barrier of the track."""
        above = self._above(segment, gate)
        number, cell, quadrant = key
        along, about = self._sites[number].along, self._sites[number].cells[cell]
        if not self._touches or quadrant not in (RIGHT_ABOVE, LEFT_BELOW):
            return above
        side = along.above if quadrant == RIGHT_ABOVE else along.below
        stiffness = 0.5 * (about.below.stiffness() + about.above.stiffness())
        slope = side.slope(self._middles(segment) - about.energy)
        gain = np.maximum(2.0 * np.cbrt((self._scales.damping * slope) ** 2 / stiffness), 1e-9 * self._width)
        missing = np.maximum(gate - self._width * np.arange(segment.first, segment.stop + 1), 0.0)
        below = _HIGHEST(np.minimum(missing[:-1] / gain, _FARTHEST)) - _HIGHEST(
            np.minimum(missing[1:] / gain, _FARTHEST)
        )
        return np.asarray(np.minimum(above + gain / self._width * below, 1.0))

    def _middles(self, segment: _Segment) -> FloatArray:
        return np.asarray(self._width * (np.arange(segment.first, segment.stop) + 0.5))

    def _rates(self, segment: _Segment) -> tuple[FloatArray, FloatArray]:
        per_stage = segment.spread / (_STAGES * self._width**2)
        return per_stage * np.exp(-0.5 * self._width), per_stage * np.exp(0.5 * self._width)

    def _add_diffusion(self, equations: _Equations, segment: _Segment) -> None:
        """(1 - G / stages) for each stage, acting on the flux over exp(-H)."""
        up, down = self._rates(segment)
        diagonal = np.ones(segment.size)
        diagonal[:-1] += up
        diagonal[1:] += down
        rise = np.exp(self._width)
        for stage in range(_STAGES):
            rows = segment.start + stage * segment.size + np.arange(segment.size)
            equations.add(rows, rows, diagonal)
            equations.add(rows[1:], rows[:-1], -up * rise)
            equations.add(rows[:-1], rows[1:], -down / rise)
            if stage:
                equations.add(rows, rows - segment.size, -np.ones(segment.size))

    def _caught(self, number: int, cell: int, segment: _Segment) -> FloatArray:
        result: FloatArray = (self._middles(segment) < self._caps[number][cell]).astype(np.float64)
        return result

    def _pass_on(
        self, equations: _Equations, segment: _Segment, share: FloatArray, way: _Way, catching: bool = True
    ) -> None:
        """Direct a share of the flux leaving a segment to its target: an end, or a quadrant, where some is caught."""
        last = segment.start + (_STAGES - 1) * segment.size + np.arange(segment.size)
        if isinstance(way.target, int):
            end = len(self._states) + (way.target > 0)
            equations.arrivals.append(_Arrival(end, last, share))
            return
        number, cell, _ = way.target
        following = self._segments[way.target]
        caught = self._caught(number, cell, following) if catching else None
        shares = self._connect(equations, segment, share, following, way.gained, caught)
        equations.arrivals.append(_Arrival(self._states.index((number, cell)), last, shares))

    def _connect(
        self,
        equations: "_Equations",
        segment: _Segment,
        share: FloatArray,
        following: _Segment,
        gained: float,
        caught: FloatArray | None = None,
    ) -> FloatArray:
        """Direct a share of the flux leaving one segment into another; returns the shares caught there."""
        whole = int(np.floor(gained / self._width))
        part = gained / self._width - whole
        last = segment.start + (_STAGES - 1) * segment.size
        result = np.zeros(segment.size)
        for offset, weight in ((whole, 1.0 - part), (whole + 1, part)):
            used = np.flatnonzero(share * weight > 0.0)
            into = np.clip(segment.first + used + offset - following.first, 0, following.size - 1)
            flux = weight * share[used]
            if caught is not None:
                result[used] += flux * caught[into]
                flux = flux * (1.0 - caught[into])
            rise = self._width * ((following.first + into) - (segment.first + used))
            equations.add(following.start + into, last + used, -flux * np.exp(rise))
        return result

    def leaving(self) -> tuple[FloatArray, FloatArray]:
        """Rates, 1/s, of leaving each site to the left and right, shape (sites,) each, for walls that start at rest.

        Of first touching the top of the barrier; without `touches`, of getting there with the energy to pass it.  Those
        of a site with several rest angles are averaged over the time spent at each.
        """
        rates, _ = self.solve(alone=True)
        ends = len(self._states)
        left, right = np.zeros(len(self._sites)), np.zeros(len(self._sites))
        for number, (own, weights) in enumerate(self._own_states(rates)):
            left[number], right[number] = weights @ rates[own, ends], weights @ rates[own, ends + 1]
        return left, right

    def captures(self) -> Captures:
        """Where walls that leave a site are caught."""
        count = len(self._sites)
        owner = np.array([number for number, _ in self._states])
        rates, outside = self.solve(alone=False)
        by_site = self._by_site(rates[: owner.size], owner)
        caught, on_the_way = np.zeros((count, count + 2)), np.zeros(count)
        for number, (own, weights) in enumerate(self._own_states(rates)):
            caught[number], on_the_way[number] = weights @ by_site[own], weights @ outside[own]
        caught[np.arange(count), 1 + np.arange(count)] = 0.0
        returning = self._by_site(rates[owner.size :], owner)
        returning[[0, 1], [0, -1]] = 0.0
        return Captures(caught, returning, on_the_way)

    @property
    def orbit_loss(self) -> FloatArray:
        """S of a whole orbit at the lowest way out of each site, k_B T, shape (sites,)."""
        return self._orbit_loss

    def _own_states(self, rates: FloatArray) -> Iterator[tuple[IntArray, FloatArray]]:
        """The states of each site, with the share of a wall's time there that it spends in each of them."""
        owner = np.array([number for number, _ in self._states])
        for number in range(len(self._sites)):
            own = np.flatnonzero(owner == number)
            yield own, _stationary(rates[np.ix_(own, own)])

    @staticmethod
    def _by_site(rates: FloatArray, owner: IntArray) -> FloatArray:
        """Sum rates to states and ends, shape (rows, states + 2), to rates to the left end, the sites and the right
        end."""
        result = np.zeros((rates.shape[0], int(owner[-1]) + 3))
        result[:, 0], result[:, -1] = rates[:, -2], rates[:, -1]
        for state, number in enumerate(owner):
            result[:, 1 + number] += rates[:, state]
        return result


def _unknowns(segments: Sequence[_Segment]) -> int:
    return sum(_STAGES * segment.size for segment in segments)


def _stationary(rates: FloatArray) -> FloatArray:
    """Stationary probabilities of a Markov chain with these rates; the diagonal is ignored."""
    if rates.shape[0] == 1:
        return np.ones(1)
    generator = rates - np.diag(np.diag(rates))
    generator -= np.diag(generator.sum(axis=1))
    largest = np.abs(generator).max()
    if not 0.0 < largest < np.inf:
        raise ConvergenceError("the rate theory finds no rates between the rest angles of a site")
    generator /= largest
    equations = np.vstack([generator.T, np.ones(rates.shape[0])])
    result: FloatArray = np.linalg.lstsq(equations, np.append(np.zeros(rates.shape[0]), 1.0), rcond=None)[0]
    return np.clip(result, 0.0, 1.0)
