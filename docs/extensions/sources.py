"""What the site's figures and notebooks are made from: the text of the packages."""

import hashlib
import struct
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("compact_model", "spice", "crossbar", "dwmtj")


def digest(*others: Path) -> str:
    """A short name for the present text of all packages, and of other files."""
    text = hashlib.sha256()
    for path in [*(path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))), *others]:
        text.update(str(path.relative_to(ROOT)).encode())
        text.update(path.read_bytes())
    return text.hexdigest()[:16]


def width(png: bytes) -> str:
    """Of a figure as its code meant it, in CSS pixels of 1/96 inch; the header holds dots, of which 150 are an inch."""
    (dots,) = struct.unpack(">I", png[16:20])
    return f"{int(dots) * 96 // 150}px"


def ngspice_is_there() -> bool:
    """Whether netlists can be run here."""
    from spice.ngspice import installation
    from spice.ngspice.plot import SimulatorMissing

    try:
        installation.program()
    except SimulatorMissing:
        return False
    return True
