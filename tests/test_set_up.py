"""`scripts/install.py`, which `make` installs with: uv gets pip's settings, and pip has the last word."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "scripts" / "install.py"
NOTHING = "a-name-that-no-package-has"


def test_uv_gets_the_settings_of_pip_and_where_it_fails_pip_says_why(tmp_path):
    told = tmp_path / "told"
    uv = tmp_path / "uv"
    uv.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{told}\necho "$SSL_CERT_FILE" >>{told}\nexit 1\n')
    uv.chmod(0o755)
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = https://mirror/simple\nextra-index-url =\n    https://one/simple\n    https://two/simple\n"
        "cert = /certificates.pem\n[install]\nconstraint = bounds.txt\n"
    )
    (tmp_path / "bounds.txt").write_text("")
    settings = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    settings |= {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    settings["PATH"] = f"{tmp_path}{os.pathsep}{settings['PATH']}"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), NOTHING], capture_output=True, text=True, env=settings, cwd=tmp_path, timeout=120
    )
    assert done.returncode == 1
    assert NOTHING in done.stderr
    *arguments, certificates = told.read_text().splitlines()
    assert arguments[:4] == ["pip", "install", "--python", sys.executable]
    assert arguments[-1] == NOTHING
    pairs = set(itertools.pairwise(arguments))
    assert pairs >= {
        ("--default-index", "https://mirror/simple"),
        ("--index", "https://one/simple"),
        ("--index", "https://two/simple"),
        ("--find-links", str(tmp_path)),
        ("--constraints", "bounds.txt"),
    }
    assert "--no-index" in arguments
    assert certificates == "/certificates.pem"
