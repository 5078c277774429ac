"""The `dwmtj` command: its sub-commands are imported on call, so that `--help` answers at once."""

import functools
import sys
import threading
import warnings
from typing import Any

import click

from . import interrupts
from .lazy_group import LazyGroup

COMMANDS = {
    "threshold": "Depinning threshold current density against the offset field (Fig. 3).",
    "loop": "Resistance against a swept current or voltage, and the levels it shows (Fig. 1).",
    "pulses": "Potentiation and depression by short pulses: resistance, energy, levels.",
    "stdp": "Spike-timing-dependent plasticity: the change of a synapse by two spikes against their delay.",
    "simulate": "One device over time, driven by a current, a voltage or a current density.",
    "export": "The device as an ngspice sub-circuit, a Verilog-A module or a PySpice script.",
    "export-device": "A device for aihwkit, CrossSim or XBTorch, or as a file in an open format (JSON).",
    "crossbar": "Arrays of devices with wires: margins, sneak paths, writing, disturb, accuracy.",
    "learn": "Learning handwritten digits on arrays: inference, supervised, unsupervised, autonomous.",
    "monte-carlo": "Monte Carlo runs of a netlist in ngspice, with the results of its .meas lines.",
    "crosscheck": "The same simulation in Python and in ngspice, with the differences.",
    "retention": "Thermal escape of the wall from its well at zero or read current.",
    "intrinsic": "H_c at T = 0 from a measured threshold or a measured stability.",
    "sensitivity": "Effect of each parameter and of neglected effects on thresholds and levels.",
    "fit": "Device parameters with errors, fitted to measured thresholds, loops, pulses or traces.",
    "micromagnetics": "Micromagnetics of the wall in a stripe (Fig. 1e): width, angles, threshold.",
    "study": "Statistics of random devices at every point of a grid, on threads or Dask; resumable.",
    "explore": "An interactive page in the browser for one device or one array.",
    "run": "Characterise the paper's device and write a report with figures and data.",
}


@click.group(
    cls=LazyGroup,
    package="dwmtj.commands",
    commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="dwmtj")
def group() -> None:
    """Simulate domain-wall magnetic-tunnel-junction memristors, from single devices to crossbar arrays.

    Fields are in Oe, current densities in A/cm2, currents in mA, times in ns, lengths in nm.
    """


def _tell_warnings_in_a_line() -> None:
    """Print a value outside the model's range as one line on standard error, once; other warnings are Python's own."""
    from compact_model.support.model_range import ModelRangeWarning

    others = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *place: Any, **options: Any) -> None:
        if issubclass(category, ModelRangeWarning):
            click.echo(f"dwmtj: warning: {message}", err=True)
        else:
            others(message, category, *place, **options)

    warnings.filterwarnings("once", category=ModelRangeWarning)
    warnings.showwarning = show


def main() -> None:
    """Run the command line; every refusal is one line on standard error, status 2 for bad input."""
    _tell_warnings_in_a_line()
    try:
        with interrupts.ending_in_time(_tell_interruption):
            status = group.main(standalone_mode=False, prog_name="dwmtj")
    except click.exceptions.NoArgsIsHelpError as help_text:
        click.echo(help_text.format_message())
        sys.exit(2)
    except click.ClickException as error:
        _refuse(error.format_message(), 2)
    except (click.Abort, KeyboardInterrupt):
        _tell_interruption()
        sys.exit(interrupts.STATUS)
    except BrokenPipeError:
        sys.exit(0)
    except MemoryError as error:
        _refuse(f"not enough memory: {error}; ask for fewer devices, times or cycles", 1)
    except OSError as error:
        _refuse(f"{error.filename or 'file'}: {error.strerror}" if error.strerror else str(error), 2)
    except (ValueError, RuntimeError) as error:
        # Only the package's own, worded for users; anything else is a defect and must show its traceback.
        from compact_model.support.validation import ConvergenceError, InputError

        if isinstance(error, InputError):
            _refuse(str(error), 2)
        if isinstance(error, ConvergenceError):
            _refuse(str(error), 1)
        raise
    sys.exit(status if isinstance(status, int) else 0)


def _tell(message: str) -> None:
    click.echo(f"dwmtj: {' '.join(message.split())}", err=True)


@functools.cache  # once, whichever thread comes first
def _tell_interruption() -> None:
    if threading.current_thread() is not threading.main_thread():
        click.echo(err=True)  # ends a bar or a line about compilation of the main thread
    _tell("interrupted; files that were complete are kept")


def _refuse(message: str, status: int) -> None:
    _tell(message)
    sys.exit(status)
