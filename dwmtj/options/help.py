"""A command whose help shows its options in groups, folds the device's away, and ends with examples."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import click

Function = TypeVar("Function", bound=Callable[..., Any])

_GROUPS: WeakKeyDictionary[click.Parameter, str] = WeakKeyDictionary()
"""The heading of options that are not specific to one command."""
OUTPUT = "Output"
ARRAY = "Array"
READ_OUT = "Weights and converters"
DEVICE = "Device and track"
FOLDED = (DEVICE,)
"""Headings whose options are listed by --help-all only."""
_ORDER = (ARRAY, READ_OUT, OUTPUT, DEVICE)
_SHOWN_OF_FOLDED = ("--parameters", "--track-width", "--coercive-field")


def in_group(heading: str) -> Callable[[Callable[[Function], Function]], Callable[[Function], Function]]:
    """Put the options added by a decorator under a heading of the help, except those that already have one."""

    def of(decorator: Callable[[Function], Function]) -> Callable[[Function], Function]:
        @functools.wraps(decorator)
        def add(function: Function) -> Function:
            before = set(getattr(function, "__click_params__", []))
            function = decorator(function)
            for option in getattr(function, "__click_params__", []):
                if option not in before:
                    _GROUPS.setdefault(option, heading)
            return function

        return add

    return of


class Command(click.Command):
    """A click command with --help-all.

    examples: command lines without `dwmtj`, each with a remark behind #.  writes: the files of -o; None if the command
    describes them itself.
    """

    def __init__(self, *, examples: Sequence[str], writes: str | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self.examples = examples
        self.writes = writes

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        own = super().get_params(ctx)
        if not any(_GROUPS.get(each) in FOLDED for each in own):
            return own
        return [
            *own,
            click.Option(
                ["--help-all"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_help_all,
                help="Show every option and exit.",
            ),
        ]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[click.Parameter]] = {"Options": []}
        for parameter in self.get_params(ctx):
            groups.setdefault(_GROUPS.get(parameter, "Options"), []).append(parameter)
        for heading in ("Options", *_ORDER):
            if heading not in groups:
                continue
            if heading in FOLDED and not ctx.meta.get(__name__):
                names = [option for each in groups[heading] for option in each.opts]
                shown = ", ".join(name for name in _SHOWN_OF_FOLDED if name in names)
                with formatter.section(heading):
                    formatter.write_text(
                        f"{len(names)} options, such as {shown}; `{ctx.command_path} --help-all` lists them with "
                        "their units and defaults."
                    )
                continue
            rows = [row for each in groups[heading] if (row := each.get_help_record(ctx)) is not None]
            with formatter.section(heading):
                formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.writes is not None:
            with formatter.section("Writes"):
                formatter.write_text(self.writes)
        with formatter.section("Examples"):
            root = ctx.find_root().info_name
            for example in self.examples:
                formatter.write(f"{' ' * formatter.current_indent}{root} {example}\n")


def _help_all(ctx: click.Context, parameter: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        ctx.meta[__name__] = True
        click.echo(ctx.get_help())
        ctx.exit()
