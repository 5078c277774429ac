"""Files of parameters: whatever is in them, they are read or refused in one line that names the file."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from robustness.searching import searching
from robustness.tally import attempt
from robustness.toml_text import documents

from compact_model import InputError
from dwmtj.options.device import TABLES, device_from_options
from dwmtj.study.description import SHIPPED, read_study
from dwmtj.study.measures import MEASURES
from dwmtj.study.quantities import DEVICE_TABLE, LANDSCAPE_TABLE


@dataclass(frozen=True)
class Reader:
    """A function that reads a TOML file, the keys that it knows, and files that it accepts."""

    read: Callable[[Path], Any]
    keys: Mapping[str, Sequence[str]]
    valid: Sequence[str]


def read_parameters(path: Path) -> Any:
    none = {item.name: None for table in TABLES.values() for item in table}
    return device_from_options({"parameters": path, **none})


def names(items: Sequence[Any]) -> list[str]:
    return [item.name for item in items]


SMALL = '[study]\nmeasure = "threshold"\nsamples = 2\n[sweep]\ntrack_width = [80, 100]\n'
STUDY_KEYS = ["measure", "description", "samples", "seed", "samples_per_part"]

READERS = {
    "study FILE.toml": Reader(
        read_study,
        {
            "study": STUDY_KEYS,
            "sweep": [*names(DEVICE_TABLE), *names(LANDSCAPE_TABLE), "temperature"],
            "spread": ["tmr", "track_width", "anisotropy_field"],
            "device": names(DEVICE_TABLE),
            "landscape": names(LANDSCAPE_TABLE),
            **{name: names(measure.settings) for name, measure in MEASURES.items()},
        },
        [SMALL, *(path.read_text() for path in SHIPPED.glob("*.toml"))],
    ),
    "--parameters FILE.toml": Reader(
        read_parameters,
        {table: names(items) for table, items in TABLES.items()},
        [
            "",
            "[device]\ntrack_width = 90  # nm\nanisotropy_field = 100\ntmr = 300\n",
            "[landscape]\ncoercive_field = 15\nhalf_width = 100\nwell = 'gaussian'\n",
            "[device]\ndamping = 0.01\n[landscape]\nsites = 5\nhalf_width = 20\ncoercive_field_spread = 0.1\n",
        ],
    ),
}


@pytest.mark.parametrize("name", READERS)
def test_the_valid_files_are_read(name, tmp_path):
    for number, text in enumerate(READERS[name].valid):
        path = tmp_path / f"{number}.toml"
        path.write_text(text)
        READERS[name].read(path)


@pytest.mark.parametrize("name", READERS)
def test_hostile_files(name, tmp_path):
    reader, path = READERS[name], tmp_path / "fuzzed.toml"

    @searching(150)
    @given(documents(reader.keys, reader.valid))
    def search(content):
        path.write_bytes(content)
        found = attempt(name, lambda: reader.read(path))
        if found is not None and name == "--parameters FILE.toml":
            numbers = [getattr(found[0], each.name) for each in fields(found[0])]
            assert not any(isinstance(each, float) and math.isnan(each) for each in numbers)

    search()


@pytest.mark.parametrize("name", READERS)
def test_a_refused_file_is_named(name, tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text("[nonsense\n")
    with pytest.raises(InputError, match=r"broken\.toml"):
        READERS[name].read(path)
