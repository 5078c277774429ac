"""The `dwmtj` command: its sub-commands are imported when they are called, so that `--help` answers at once."""

import importlib
import sys

import click

COMMANDS = {
    "threshold": "Depinning threshold current density against the offset field (Fig. 3).",
    "loop": "Resistance against a swept current or voltage, and the levels it shows (Fig. 1).",
    "pulses": "Potentiation and depression by short pulses: resistance, energy, levels.",
    "simulate": "One device over time under a current, a voltage or a current density.",
    "export": "The device as an ngspice sub-circuit, a Verilog-A module or a PySpice script.",
    "crosscheck": "The same drive in Python and in ngspice, with the differences.",
    "retention": "Thermal escape of the wall from its well at zero or read current.",
    "run": "The main job: characterise the paper's device and leave a report with figures and data.",
}


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports `dwmtj.commands.NAME` only when one is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"dwmtj.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f", did you mean {close[0]!r}?" if close else ""
            raise click.UsageError(f"command: expected one of {', '.join(COMMANDS)}, got {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="dwmtj")
def group() -> None:
    """Domain-wall magnetic-tunnel-junction memristors, from the equation of motion on.

    Fields are in Oe, current densities in A/cm2, currents in mA, times in ns, lengths in nm.
    """


def main() -> None:
    """Run the command line; every refusal is one line on standard error, status 2 for bad input."""
    try:
        status = group.main(standalone_mode=False, prog_name="dwmtj")
    except click.exceptions.NoArgsIsHelpError as help_text:
        click.echo(help_text.format_message())
        sys.exit(2)
    except click.ClickException as error:
        _refuse(error.format_message(), 2)
    except (click.Abort, KeyboardInterrupt):
        _refuse("interrupted; files that were complete are kept", 130)
    except BrokenPipeError:
        sys.exit(0)
    except MemoryError as error:
        _refuse(f"not enough memory: {error}; ask for fewer devices, times or cycles", 1)
    except OSError as error:
        _refuse(f"{error.filename or 'file'}: {error.strerror or error}", 2)
    except (ValueError, RuntimeError) as error:
        # Only the package's own, worded for a user; anything else is a defect and must show its traceback.
        from compact_model.validation import ConvergenceError, InputError

        if isinstance(error, InputError):
            _refuse(str(error), 2)
        if isinstance(error, ConvergenceError):
            _refuse(str(error), 1)
        raise
    sys.exit(status if isinstance(status, int) else 0)


def _refuse(message: str, status: int) -> None:
    click.echo(f"dwmtj: {' '.join(message.split())}", err=True)
    sys.exit(status)
