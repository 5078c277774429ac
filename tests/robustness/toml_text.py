"""TOML that is nearly right, for any reader that knows its tables and keys."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

VALUES = st.one_of(
    st.sampled_from([0, 1, -1, 1.5, 100, 10**30, float("nan"), float("inf"), -1e300, 1e-300, True, False]),
    st.floats(),
    st.integers(),
    st.text(max_size=12),
    st.lists(st.sampled_from([1, 2.5, "a", True]), max_size=3),
    st.dictionaries(st.text("ab_", min_size=1, max_size=3), st.integers(0, 3), max_size=2),
)


def literal(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "nan" if math.isnan(value) else ("-" * (value < 0) + "inf") if math.isinf(value) else repr(value)
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return str(value)


def written(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """Tables of keys as TOML text."""
    lines = []
    for table, entries in tables.items():
        lines += [f"[{json.dumps(table)}]", *(f"{json.dumps(key)} = {literal(item)}" for key, item in entries.items())]
    return "\n".join(lines) + "\n"


def documents(keys: Mapping[str, Sequence[str]], valid: Sequence[str]) -> st.SearchStrategy[bytes]:
    """Files for a reader.

    keys: those that each table may have; valid: whole files that are right, of which some are spoilt.
    """
    tables = st.fixed_dictionaries(
        {},
        optional={
            table: st.dictionaries(
                st.one_of(st.sampled_from(list(names)), st.sampled_from(list(names)), st.text(max_size=8)),
                VALUES,
                max_size=3,
            )
            for table, names in [*keys.items(), ("nonsense", ["a"])]
        },
    )

    def spoilt(text: str, place: int, what: str, length: int) -> str:
        at = place % (len(text) + 1)
        return text[:at] + what + text[at + length :]

    bent = st.builds(
        spoilt,
        st.sampled_from(list(valid)),
        st.integers(0, 10_000),
        st.one_of(st.text(max_size=4), st.sampled_from(["\n", "=", "[", "nan", "-", "e999", '"'])),
        st.integers(0, 3),
    )
    return st.one_of(
        tables.map(written).map(lambda text: text.encode("utf-8", "surrogatepass")),
        bent.map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.sampled_from(list(valid)).map(str.encode),
        st.binary(max_size=40),
    )
