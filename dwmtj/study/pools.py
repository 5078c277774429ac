"""Measuring the parts of a study: on the threads of this process, or on the workers of a Dask scheduler."""

from __future__ import annotations

import asyncio
import itertools
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from compact_model.support.arrays import FloatArray
from compact_model.support.provenance import release
from compact_model.support.threads import threads
from compact_model.support.validation import ConvergenceError, InputError, shown, whole

from .parts import Part, measure_part
from .plan import Cost, measured_cost

if TYPE_CHECKING:
    from distributed import Client, Future

Measured = tuple[Part, dict[str, FloatArray]]
Call = tuple[Callable[[Any], Any], Any]

SCHEDULER_PATIENCE = 15.0
"""Seconds after which a scheduler without an answer, or without workers, counts as lost."""
_LOOK = 0.5  # s between two checks of the scheduler
_BETWEEN_QUESTIONS = 2.0  # s
_PER_THREAD = 2  # parts waiting at the scheduler for each thread of the workers


class SchedulerError(ConvergenceError):
    """A Dask scheduler or its workers that can no longer be reached; the measured parts are kept."""


class Pool(Protocol):
    """Measures parts in any order."""

    at_once: int
    """Number of parts that are measured simultaneously."""
    where: str
    """A description."""

    def cost(self, parts: list[Part]) -> Cost:
        """`measured_cost`, where the parts will be measured."""

    def measure(self, parts: Iterable[Part]) -> Iterator[Measured]:
        """Each part with its values, as they come."""


class Threads:
    """The threads of this process: one part after the other, each shared among the threads by the kernels."""

    at_once = 1

    def __init__(self) -> None:
        count = threads()
        self.where = f"{count} thread{'s' if count > 1 else ''} of this machine"

    def cost(self, parts: list[Part]) -> Cost:
        return measured_cost(parts)

    def measure(self, parts: Iterable[Part]) -> Iterator[Measured]:
        """Each part with its values, in order."""
        for part in parts:
            yield part, measure_part(part)


class Dask:
    """The workers of a Dask scheduler; a worker's threads share one part at a time."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._alone_since: float | None = None
        self._next_question = 0.0
        workers = client.scheduler_info(n_workers=-1)["workers"]
        self._threads = max(1, sum(each["nthreads"] for each in workers.values()))
        self.at_once = max(1, len(workers))
        self.where = (
            f"{self.at_once} worker{'s' if self.at_once > 1 else ''} of {client.scheduler.address} "
            f"(dashboard {client.dashboard_link})"
        )

    def cost(self, parts: list[Part]) -> Cost:
        cost: Cost = next(self._results([(measured_cost, parts)]))[1]
        return cost

    def measure(self, parts: Iterable[Part]) -> Iterator[Measured]:
        """Each part with its values, as the workers finish them.

        A part whose worker dies is measured again by another one.  Raises SchedulerError if the scheduler, or every
        worker, is gone for longer than SCHEDULER_PATIENCE.
        """
        for (_, part), values in self._results((measure_part, part) for part in parts):
            yield part, values

    def _results(self, calls: Iterable[Call]) -> Iterator[tuple[Call, Any]]:
        """Each call, a function with its argument, and its result, as the workers finish them.

        Where one fails, what others have finished meanwhile comes first.
        """
        waiting = iter(calls)
        running: dict[Future, Call] = {}
        try:
            for call in itertools.islice(waiting, _PER_THREAD * self._threads + 1):
                running[self._submit(call)] = call
            while running:
                done = [future for future in running if future.done()]
                if not done:
                    self._wait()
                    continue
                self._alone_since = None
                failure: InputError | ConvergenceError | None = None
                for future in done:
                    call = running.pop(future)
                    try:
                        result = self._result(future, call)
                    except (InputError, ConvergenceError) as error:
                        failure = failure or error
                        continue
                    for following in itertools.islice(waiting, 1):
                        running[self._submit(following)] = following
                    yield call, result
                if failure is not None:
                    raise failure
        finally:
            if self._client.status == "running":
                # A scheduler may die at this moment; the error that is on its way says so already.
                with suppress(OSError, TimeoutError):
                    self._client.cancel(list(running), force=True)

    def _submit(self, call: Call) -> Future:
        try:
            return self._client.submit(_on_worker, *call, release(), pure=False)
        except Exception as error:  # Dask raises the exceptions of its connection
            raise self._lost() from error

    def _result(self, future: Future, call: Call) -> Any:
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError
        from distributed.comm import CommClosedError

        try:
            return future.result()
        except (InputError, ConvergenceError):
            raise
        except KilledWorker as error:
            what = call[1].name if isinstance(call[1], Part) else "the measuring for the plan"
            raise SchedulerError(
                f"scheduler: {what} ended {error.allowed_failures + 1} workers one after the other; they may have too "
                "little memory: take a smaller samples_per_part"
            ) from None
        except (FutureCancelledError, CommClosedError, TimeoutError) as error:
            raise self._lost() from error
        except ImportError as error:
            raise SchedulerError(
                f"scheduler: expected workers with dwmtj {release()} installed, got one without it ({error})"
            ) from None

    def _wait(self) -> None:
        """Wait briefly, and check that the scheduler still answers and has workers; SchedulerError otherwise."""
        time.sleep(_LOOK)
        now = time.monotonic()
        if now < self._next_question:
            return
        self._next_question = now + _BETWEEN_QUESTIONS
        if self._has_workers():
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        if self._alone_since is not None and time.monotonic() - self._alone_since > SCHEDULER_PATIENCE:
            raise self._lost()

    def _has_workers(self) -> bool:
        if self._client.status != "running":
            return False

        async def ask() -> int:
            return len(await asyncio.wait_for(self._client.scheduler.ncores(), SCHEDULER_PATIENCE))

        try:
            return bool(self._client.sync(ask))
        except (TimeoutError, OSError):
            return False

    def _lost(self) -> SchedulerError:
        return SchedulerError(
            f"scheduler: {self._client.scheduler.address} is gone, or has no workers left; what was measured is kept, "
            "and repeating the command resumes from there"
        )


def _on_worker(function: Callable[[Any], Any], argument: Any, version: str) -> Any:
    """A call on a worker, with as many threads as Dask gives it."""
    import numba
    from distributed import get_worker

    worker = get_worker()
    if release() != version:
        raise InputError(f"scheduler: expected workers with dwmtj {version}, got {release()} on {worker.address}")
    numba.set_num_threads(max(1, min(worker.state.nthreads, numba.config.NUMBA_NUM_THREADS)))  # type: ignore[attr-defined]
    return function(argument)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Processes started here leave Ctrl-C to this one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _is_address(scheduler: object) -> bool:
    """Whether this can be the address of a scheduler."""
    from distributed.comm import parse_address
    from distributed.comm.registry import get_backend

    if (
        not isinstance(scheduler, str)
        or not scheduler
        or any(not sign.isprintable() or sign.isspace() for sign in scheduler)
    ):
        return False
    try:
        scheme, place = parse_address(scheduler)
        get_backend(scheme)
    except ValueError:
        return False
    return bool(place)


@contextmanager
def open_pool(scheduler: str | None = None, workers: int = 0) -> Iterator[Pool]:
    """Where to measure: at a Dask scheduler's address, on a number of Dask workers of this machine, or on threads.

    Raises InputError if both are given, Dask is not installed, or the scheduler does not answer or has no workers.
    """
    count = whole("workers", workers, 0)
    if scheduler is None and count == 0:
        yield Threads()
        return
    if scheduler is not None and count > 0:
        raise InputError("workers: expected either a scheduler or a number of workers of this machine, got both")
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise InputError("scheduler: expected Dask to be installed; pip install 'dwmtj[studies]'") from None
    # It writes tracebacks of lost connections to standard error; losses are reported in one line below.
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if scheduler is None:
        with _interrupts_ignored():
            cluster = LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                processes=True,
                dashboard_address=":0",
                silence_logs=logging.CRITICAL,
            )
        with cluster, Client(cluster, set_as_default=False) as client:
            yield Dask(client)
        return
    if not _is_address(scheduler):  # before Dask starts its threads, which do not always end after a refusal
        raise InputError(f"scheduler: expected an address such as tcp://10.0.0.1:8786, got {shown(scheduler)}")
    try:
        client = Client(scheduler, timeout=SCHEDULER_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(f"scheduler: expected one that answers at {scheduler}, got none ({error})") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=SCHEDULER_PATIENCE)
        except TimeoutError:
            raise InputError(f"scheduler: expected at least one worker at {scheduler}, got none") from None
        yield Dask(client)
