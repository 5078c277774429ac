#!/bin/sh
# try_wheel.sh PYTHON WHEEL: install the wheel with its dependencies in an environment of its own, and run it there.
set -eu
python=$1
wheel=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$wheel"
cd "$folder"
venv/bin/dwmtj --version
venv/bin/dwmtj threshold --offset 10 --ramp-rate 1e5 --quiet -o threshold.nc -o threshold.png
venv/bin/dwmtj crossbar margin --sizes 1,2 --scheme V/2 --quiet
venv/bin/dwmtj export -o dwmtj.lib
venv/bin/dwmtj study --list
venv/bin/dwmtj study threshold --samples 1 --plan --store threshold.study
for command in inference supervised unsupervised; do
	venv/bin/dwmtj learn "$command" --help >"$command.txt"
done
venv/bin/python -c 'import compact_model, crossbar, spice; print(*map(len, (compact_model.__all__, crossbar.__all__, spice.__all__)))'
# What each extra asks for can be found; nothing is installed.
for extra in $("$folder/venv/bin/python" -c 'from importlib.metadata import metadata; print(*metadata("dwmtj").get_all("Provides-Extra"))'); do
	"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --dry-run "$wheel[$extra]"
	echo "$extra: found"
done
