"""The command line as click declares it: every command, its options, and what to write after them."""

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import Any

import click
from hypothesis import strategies as st

from dwmtj.cli import group, main

# Arguments with which each command takes a fraction of a second: these options cost time, and get no large valid value;
# an empty one belongs to a flag.
BRIEF: dict[str, dict[str, str]] = {
    "threshold": {"--offset": "10", "--ramp-rate": "1e5", "--repeats": "1", "--step": "0.005"},
    "loop": {"--points": "8", "--dwell": "1", "--cycles": "1", "--step": "0.02"},
    "pulses": {"--count": "1", "--pulse-width": "1", "--period": "5", "--step": "0.01"},
    "stdp": {
        "--temperatures": "0",
        "--longest-delay": "2",
        "--points": "2",
        "--tracks": "1",
        "--samples": "1",
        "--settle": "2",
        "--pulse-width": "2",
        "--edge": "1",
        "--tail": "4",
    },
    "simulate": {"--current": "1", "--duration": "2", "--points": "3"},
    "export": {},
    "crossbar solve": {"--word-lines": "2", "--bit-lines": "2"},
    "crossbar margin": {"--sizes": "2", "--scheme": "V/2"},
    "crossbar reach": {"--tmrs": "95", "--wire-resistances": "1", "--largest": "2", "--scheme": "V/2"},
    "crossbar sneak": {"--word-lines": "2", "--bit-lines": "2", "--paths": "2"},
    "crossbar cost": {"--word-lines": "2", "--bit-lines": "2"},
    "crossbar half-select": {"--sizes": "2", "--scheme": "V/2"},
    "crossbar write": {
        "--word-lines": "2",
        "--bit-lines": "2",
        "--cell": "0,1",
        "--pulse-width": "1",
        "--settle": "2",
        "--edge": "1",
        "--records": "2",
        "--voltage": "0.1",
        "--tolerance": "1",
    },
    "crossbar program": {
        "--word-lines": "2",
        "--bit-lines": "2",
        "--levels": "4",
        "--voltages": "0.3",
        "--pulse-width": "1",
        "--settle": "2",
        "--edge": "1",
        "--most-pulses": "1",
        "--longest": "1",
        "--passes": "1",
        "--tolerance": "1",
    },
    "crossbar disturb": {
        "--sizes": "2",
        "--voltages": "0.1",
        "--pulse-widths": "1",
        "--settle": "2",
        "--edge": "1",
        "--tolerance": "1",
    },
    "crossbar update": {
        "--word-lines": "2",
        "--bit-lines": "2",
        "--count": "1",
        "--voltage": "0.1",
        "--pulse-width": "1",
        "--settle": "2",
        "--edge": "1",
        "--tolerance": "1",
    },
    "crossbar stdp": {
        "--word-lines": "2",
        "--bit-lines": "2",
        "--longest-delay": "2",
        "--points": "2",
        "--repeats": "1",
        "--settle": "2",
        "--pulse-width": "2",
        "--edge": "1",
        "--tail": "4",
        "--tolerance": "1",
    },
    "crossbar design": {
        "--track-widths": "100",
        "--track-lengths": "400",
        "--pulse-width": "2",
        "--error-rate": "50",
        "--devices": "2",
        "--largest": "2",
    },
    "crossbar accuracy": {"--sizes": "2", "--wire-resistances": "0.1", "--levels": "2", "--repeats": "1"},
    "crossbar export": {"--word-lines": "2", "--bit-lines": "2"},
    "monte-carlo": {"--runs": "1", "--workers": "1", "--time-limit": "20"},
    "crosscheck": {"--current": "1", "--duration": "2", "--points": "3", "--time-limit": "20"},
    "retention": {"--duration": "2", "--devices": "2", "--step": "0.02"},
    "micromagnetics": {"--track-width": "40", "--cell-size": "6", "--window": "300"},
    "sensitivity": {"--row": "damping", "--repeats": "0", "--tracks": "0"},
    "intrinsic": {"--stable-field": "5", "--stable-time": "1e6"},
    "fit": {},
    "export-device": {"--levels": "2", "--tracks": "1", "--samples": "1"},
    "learn inference": {
        "--levels": "2",
        "--variations": "0",
        "--tiles": "65",
        "--wire-resistances": "0",
        "--wired-levels": "2",
        "--repeats": "1",
        "--test-share": "0.95",
    },
    "learn supervised": {
        "--levels": "2",
        "--tracks": "1",
        "--samples": "1",
        "--epochs": "1",
        "--slots": "1",
        "--repeats": "1",
        "--test-share": "0.99",
    },
    "learn autonomous": {
        "--levels": "2",
        "--tracks": "1",
        "--samples": "1",
        "--neurons": "2",
        "--epochs": "1",
        "--slots": "1",
        "--threshold": "0.5",  # half of the mean: most images fire in their only slot
        "--repeats": "1",
        "--test-share": "0.99",
    },
    "learn unsupervised": {
        "--levels": "2",
        "--tracks": "1",
        "--samples": "1",
        "--neurons": "2",
        "--epochs": "1",
        "--slots": "2",
        "--repeats": "1",
        "--test-share": "0.99",
    },
    "explore": {"--json": ""},  # without it, or a file, a page is served until Ctrl-C; a page takes most of a second
    "study": {"--samples": "1", "--seed": "1", "--samples-per-part": "1", "--workers": "0", "--store": "new.study"},
    "run": {"--damping": "nan"},  # minutes where it is valid: always refused here
}
QUICK_FITS = {
    "threshold": ["--free=anisotropy_field"],
    "resistance": [],
    "pulses": ["--starts=2", "--free=spin_polarisation"],
    "trace": ["--starts=2", "--free=anisotropy_field"],
}
"""Kinds of fits, with options for those that simulate."""
HOSTILE = (
    "nan",
    "inf",
    "-inf",
    "-1",
    "0",
    "",
    " ",
    "abc",
    "1e400",
    "1e300",
    "-1e300",
    "0x10",
    "1_000",
    "1,5",
    "é",
)
LISTS = ("1,", ",", "1,a", "nan,1", "1;2", "0,-1", "1,1")
MILD = ("0.5", "1", "2", "-0.5", "20", "1e-30")
WORDS = (
    "AP",
    "P",
    "random",
    "0,0",
    "1,1",
    "0,9",
    "-1,0",
    "tmr=0.1",
    "tmr=nan",
    "nonsense=1",
    "=",
    "name with spaces",
    "x" * 300,
)


def leaves(command: click.Command = group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its words."""
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            inner = command.get_command(click.Context(command), name)
            assert inner is not None
            yield from leaves(inner, (*path, name))
    else:
        yield " ".join(path), command


def brief_options(name: str) -> list[str]:
    """The brief options of a command as they are written."""
    return [f"{option}={value}" if value else option for option, value in BRIEF[name].items()]


def answer(arguments: list[str]) -> tuple[int, str, str]:
    """Status, standard output and standard error of the command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["dwmtj", *arguments]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    finally:
        sys.argv = before
    raise AssertionError("the command line ends with a status")


def arguments_for(name: str, command: click.Command, folder: Any) -> st.SearchStrategy[list[str]]:
    """The command with some of its options, each with a value of its kind or with none such."""
    brief = BRIEF[name]
    options = [each for each in command.params if isinstance(each, click.Option)]
    if name == "study":  # the address of a scheduler is waited for
        options = [each for each in options if each.name != "scheduler"]
    files = [str(folder), str(folder / "missing" / "a.nc"), str(folder / "a.txt"), str(folder / "a.nc"), ""]
    in_folder = [str(folder / "new.nc"), str(folder / "new.png"), str(folder / "broken.toml")]
    in_folder += [str(folder / f"{kind}.csv") for kind in QUICK_FITS]
    in_folder += [str(folder / "new.html")] if name == "explore" else []

    def values(option: click.Option) -> st.SearchStrategy[str]:
        if isinstance(option.type, click.Choice):
            return st.sampled_from([*map(str, option.type.choices), "nonsense"])
        if isinstance(option.type, click.Path):
            return st.one_of(st.sampled_from(files), st.sampled_from(in_folder))
        valid = brief.get(option.opts[-1])
        if valid is not None:
            hostile = [word for word in (*HOSTILE, *LISTS) if word != "1_000"]  # valid: a thousand of what costs time
            return st.one_of(st.just(valid), st.sampled_from(hostile))
        return st.one_of(st.sampled_from(MILD), st.sampled_from(MILD), st.sampled_from([*HOSTILE, *WORDS]))

    def written(option: click.Option) -> st.SearchStrategy[list[str]]:
        if option.is_flag:
            return st.just([option.opts[-1]])
        return values(option).map(lambda value: [f"{option.opts[-1]}={value}"])

    chosen = st.lists(st.sampled_from(options), min_size=1, max_size=2).flatmap(
        lambda picked: st.tuples(*map(written, picked)).map(lambda parts: [word for part in parts for word in part])
    )
    extra = st.sampled_from([[], [], [], [], [], [], ["--nonsense"], ["surplus"]])
    leading = st.just([])
    if name == "monte-carlo":
        leading = st.sampled_from(["deck.cir", "deck.cir", *files, *in_folder]).map(lambda file: [file])
    if name == "study":
        leading = st.sampled_from(["study.toml", "study.toml", *files, *in_folder]).map(lambda file: [file])
    if name == "fit":
        measured = st.sampled_from([[kind, str(folder / f"{kind}.csv"), *more] for kind, more in QUICK_FITS.items()])
        kind = st.sampled_from([*QUICK_FITS, "nonsense"])
        other = st.tuples(kind, st.sampled_from([*files, *in_folder])).map(list)
        leading = st.one_of(measured, measured, measured, other)

    def whole(changed: list[str], more: list[str], positional: list[str]) -> list[str]:
        given = {word.split("=")[0] for word in changed}
        kept = [word for word in brief_options(name) if word.split("=")[0] not in given or name == "run"]
        return [*name.split(), *positional, *kept, *changed, *more]

    return st.builds(whole, chosen, extra, leading)
