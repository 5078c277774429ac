"""A group of commands that imports each only on call, so that `--help` answers at once."""

import difflib
import importlib
from typing import Any

import click


class LazyGroup(click.Group):
    """Knows its commands' names and one-line helps; `package`.NAME, with _ for -, holds each as `command`."""

    def __init__(self, *, package: str, commands: dict[str, str], **settings: Any) -> None:
        super().__init__(**settings)
        self._package = package
        self._helps = commands

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._helps)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._helps:
            return None
        module = importlib.import_module(f"{self._package}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self._helps and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], self._helps, n=1)
            hint = f", did you mean {close[0]!r}?" if close else ""
            raise click.UsageError(f"command: expected one of {', '.join(self._helps)}, got {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._helps.items()))
