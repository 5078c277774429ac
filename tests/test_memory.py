"""What memory there is: of the machine, within the process's own limit, and within a container's."""

import subprocess
import sys

import pytest

from compact_model.support import memory
from compact_model.support.memory import UNLIMITED, available_memory, of_the_control_group

GIB = 2**30
LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))
import numpy as np
from crossbar import Crossbar
Crossbar(conductance=np.broadcast_to(1.0, (20_000, 20_000)), word_line_resistance=1.0)
"""


def test_the_process_s_own_limit_counts():
    assert 0 < available_memory() < UNLIMITED
    done = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, timeout=120)
    line = done.stderr.splitlines()[-1]
    assert "memory: expected a size that fits in memory, got one for which" in line
    assert 0.1 < float(line.split("where ")[1].split(" GiB")[0]) < 4.0


@pytest.mark.parametrize(
    ("groups", "files", "left"),
    [
        ("0::/app", {"app/memory.max": "3000\n", "app/memory.current": "1000\n"}, 2000),
        ("0::/app", {"app/memory.max": "max\n", "app/memory.current": "1000\n"}, UNLIMITED),
        (
            "0::/a/b",
            {"a/memory.max": "500", "a/memory.current": "100", "a/b/memory.max": "9000", "a/b/memory.current": "100"},
            400,
        ),
        (
            "0::/a",
            {"a/memory.max": "500", "a/memory.current": "400", "a/memory.stat": "anon 1\ninactive_file 300\n"},
            400,
        ),
        (
            "5:cpu:/x\n4:memory:/box",
            {"memory/box/memory.limit_in_bytes": "800", "memory/box/memory.usage_in_bytes": "900"},
            0,
        ),
        (
            "4:memory:/box",
            {"memory/box/memory.limit_in_bytes": str(2**63 - 4096), "memory/box/memory.usage_in_bytes": "900"},
            UNLIMITED,
        ),
    ],
)
def test_a_control_group_s_limit_counts(tmp_path, groups, files, left):
    (tmp_path / "cgroup").write_text(groups + "\n")
    for name, text in files.items():
        file = tmp_path / "mounted" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert of_the_control_group(tmp_path / "cgroup", tmp_path / "mounted") == left
    assert of_the_control_group(tmp_path / "none", tmp_path / "mounted") == UNLIMITED


def test_the_least_of_all_counts(monkeypatch):
    for each in ("_of_the_machine", "_of_the_address_space", "of_the_control_group"):
        monkeypatch.setattr(memory, each, lambda: 7 * GIB)
        assert available_memory() <= 7 * GIB
        monkeypatch.setattr(memory, each, lambda: UNLIMITED)
    assert available_memory() == UNLIMITED
