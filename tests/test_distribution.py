"""What `pip install dwmtj` gives: a wheel from the source distribution that works away from the checkout."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from dwmtj.study.description import shipped_studies

pytest.importorskip("build")
pytest.importorskip("hatchling")

ROOT = Path(__file__).parent.parent
PACKAGES = ("compact_model", "spice", "crossbar", "dwmtj")


def run(*command, cwd, **environment):
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, cwd=cwd, env=kept | environment, timeout=300
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """The source distribution of the checkout, and the wheel that is built from it, as pip does."""
    folder = tmp_path_factory.mktemp("dist")
    build = (sys.executable, "-m", "build", "--no-isolation", "--outdir", folder)
    run(*build, "--sdist", ROOT, cwd=folder)
    (source,) = folder.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        # Python 3.11 has the filter from 3.11.4 on.
        archive.extractall(folder / "unpacked", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (unpacked,) = (folder / "unpacked").iterdir()
    run(*build, "--wheel", unpacked, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    return source, wheel


@pytest.fixture(scope="module")
def installed(distributions, tmp_path_factory):
    """A folder that pip has installed the wheel to; the dependencies are those that are there.

    What the checkout has compiled is found there as well, as code is known by what it was made from.
    """
    target = tmp_path_factory.mktemp("installed")
    run(
        *(sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--target", target),
        distributions[1],
        cwd=target,
    )
    for package in PACKAGES:
        for code in (ROOT / package).rglob("*.nbc"):
            place = target / code.relative_to(ROOT)
            place.parent.mkdir(exist_ok=True)
            shutil.copy(code, place)
    return target


def files_of(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def packaged():
    """Every file of the packages in the checkout that is no by-product."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix not in (".nbi", ".nbc"):
                yield path.relative_to(ROOT).as_posix()


def test_the_wheel_holds_the_packages_and_nothing_else(distributions):
    found = files_of(distributions[1])
    assert set(packaged()) == {name for name in found if ".dist-info/" not in name}
    for package in PACKAGES:
        assert f"{package}/py.typed" in found
        assert f"{package}/__init__.py" in found
        assert f"{package}/__init__.pyi" in found or package == "dwmtj"  # the command line has no public names
    assert {name for name in found if name.endswith(".toml")} == {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "dwmtj").rglob("*.toml")
    }
    assert {f"dwmtj/study/shipped/{name}.toml" for name in shipped_studies()} <= found
    assert any(name.endswith("/licenses/LICENSE") for name in found)


def test_the_source_distribution_can_be_tested_and_has_no_by_products(distributions):
    with tarfile.open(distributions[0]) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert set(packaged()) <= names
    assert {"README.md", "LICENSE", "Makefile", "pyproject.toml", "CITATION.cff", "PKG-INFO"} <= names
    assert {"tests/conftest.py", "tests/public_calls.py", "tests/robustness/conftest.py"} <= names
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py")} <= names
    for name in names:
        assert not name.startswith((".ci", ".git/", "results/", ".venv")), name
        assert "__pycache__" not in name, name


def test_two_builds_are_the_same_to_the_byte(distributions, tmp_path):
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    for path in distributions:
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_every_extra_is_declared(distributions):
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    with zipfile.ZipFile(distributions[1]) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        metadata = archive.read(name).decode()
    assert {line.removeprefix("Provides-Extra: ") for line in metadata.splitlines() if "Provides-Extra" in line} == set(
        declared
    )


def test_every_module_of_the_installation_is_imported_from_where_it_was_installed(installed, tmp_path):
    # The folder with the checkout would be found through the editable installation; the path is before it.
    code = (
        "import importlib, pkgutil, sys\n"
        "for name in sys.argv[1:]:\n"
        "    package = importlib.import_module(name)\n"
        "    print(package.__file__)\n"
        "    for each in pkgutil.walk_packages(package.__path__, name + '.'):\n"
        "        if not each.name.endswith(('__main__', 'warm_up', 'worker')):\n"
        "            try:\n"
        "                print(importlib.import_module(each.name).__file__)\n"
        "            except ValueError as error:  # of an extra that is not there, which it names\n"
        "                assert str(error).startswith('torch: needs PyTorch'), error\n"
    )
    found = run(sys.executable, "-c", code, *PACKAGES, cwd=tmp_path, PYTHONPATH=str(installed)).splitlines()
    assert len(found) > 100
    assert all(Path(each).is_relative_to(installed) for each in found)


def test_the_installed_command_answers(installed, tmp_path):
    dwmtj = (sys.executable, "-m", "dwmtj")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert version in run(*dwmtj, "--version", cwd=tmp_path, PYTHONPATH=str(installed))
    answer = run(
        *(*dwmtj, "threshold", "--offset", "10", "--ramp-rate", "1e5", "-o", "found.nc", "--quiet"),
        cwd=tmp_path,
        PYTHONPATH=str(installed),
    )
    assert "J_th (A/cm2)" in answer
    assert (tmp_path / "found.nc").exists()


def answers(installed, folder, *commands):
    """What the installed command says to each of these, in one process that imports it once."""
    end = "-- the end --"
    code = (
        "import json, sys\n"
        "from dwmtj.cli import main\n"
        "for words in json.loads(sys.argv[1]):\n"
        "    sys.argv = ['dwmtj', *words]\n"
        "    try:\n"
        "        main()\n"
        "    except SystemExit as status:\n"
        "        assert not status.code, words\n"
        f"    print({end!r})\n"
    )
    said = run(sys.executable, "-c", code, json.dumps(commands), cwd=folder, PYTHONPATH=str(installed)).split(
        end + "\n"
    )
    assert said.pop() == ""
    return said


def test_the_installed_command_lists_and_plans_the_shipped_studies(installed, tmp_path):
    plan = ("study", "threshold", "--samples", "1", "--plan", "--json")
    listed, planned = answers(installed, tmp_path, ("study", "--list"), plan)
    assert [line.split()[0] for line in listed.splitlines()] == list(shipped_studies())
    assert json.loads(planned)["samples_per_point"] == 1


def test_the_installed_learning_commands_explain_themselves(installed, tmp_path):
    names = ("inference", "supervised", "unsupervised")
    for name, text in zip(
        names, answers(installed, tmp_path, *(("learn", name, "--help") for name in names)), strict=True
    ):
        assert f"dwmtj learn {name}" in text
        assert "--test-share" in text


def test_the_installed_script_is_there(distributions):
    with zipfile.ZipFile(distributions[1]) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/entry_points.txt"))
        assert "dwmtj = dwmtj.cli:main" in archive.read(name).decode()


def test_the_conda_recipe_asks_for_what_the_distribution_asks_for():
    recipe = yaml.safe_load((ROOT / "conda" / "recipe.yaml").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {"matplotlib-base": "matplotlib", "pyspice": "PySpice"}
    asked = (line.split() for line in recipe["requirements"]["run"])
    found = {names.get(name, name): bound for name, bound in asked}
    assert found.pop("python") == project["requires-python"]
    assert found.pop("ngspice") == ">=39"
    assert {f"{name}{bound}" for name, bound in found.items()} == set(project["dependencies"])
    assert recipe["context"]["version"] == project["version"]
