"""Print a pip constraint for each requirement of pyproject.toml: the oldest version that it accepts, and no other."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
requirements = project["dependencies"] + [each for extra in project["optional-dependencies"].values() for each in extra]
for requirement in sorted(set(requirements)):
    name, oldest = re.fullmatch(r"([\w-]+)>=([\d.]+)", requirement).groups()
    print(f"{name}=={oldest}")
