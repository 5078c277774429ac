"""A test that never ends ends the run, and says where it was."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LIMITS = """
import robustness.conftest
from robustness.conftest import *

robustness.conftest.{limit} = 0.5
"""
ENDLESS = """
import time

def test_endless():
    while True:
        {wait}
"""


@pytest.mark.parametrize(
    ("limit", "wait"), [("PROCESSOR_LIMIT", "sum(range(1000))"), ("WAITING_LIMIT", "time.sleep(10)")]
)
def test_an_endless_search_ends_with_a_traceback(tmp_path, limit, wait):
    (tmp_path / "conftest.py").write_text(LIMITS.format(limit=limit))
    (tmp_path / "test_it.py").write_text(ENDLESS.format(wait=wait))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", tmp_path]
    done = subprocess.run(
        [*command, "-o", f"pythonpath={TESTS}", tmp_path], capture_output=True, text=True, timeout=300, cwd=tmp_path
    )
    assert done.returncode != 0
    assert "in test_endless" in done.stderr
