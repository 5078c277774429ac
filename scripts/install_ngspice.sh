#!/bin/sh
# Brings ngspice and its shared library where they are missing and installing is allowed; else says what to do.
# It never fails: whatever needs ngspice says so itself.

command -v "${NGSPICE_PROGRAM:-ngspice}" >/dev/null 2>&1 && exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then as_root="sudo -n"; else as_root="none"; fi
fi

echo "ngspice is missing; trying to install it ..." >&2
if [ "$as_root" != none ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    { $as_root apt-get install -y -q ngspice libngspice0 || { $as_root apt-get update -q && $as_root apt-get install -y -q ngspice libngspice0; }; } >/dev/null 2>&1
elif [ "$as_root" != none ] && command -v dnf >/dev/null 2>&1; then
    $as_root dnf install -y -q ngspice libngspice >/dev/null 2>&1
elif command -v brew >/dev/null 2>&1; then
    brew install --quiet ngspice libngspice >/dev/null 2>&1
elif [ -n "$CONDA_PREFIX" ] && command -v conda >/dev/null 2>&1; then
    conda install -y -q -c conda-forge ngspice >/dev/null 2>&1
fi

command -v ngspice >/dev/null 2>&1 && exit 0
echo "ngspice could not be installed here; everything that does not need it goes on. To bring it:" >&2
echo "  Debian, Ubuntu: apt-get install ngspice libngspice0    Fedora: dnf install ngspice libngspice" >&2
echo "  macOS: brew install ngspice libngspice                 conda: conda install -c conda-forge ngspice" >&2
exit 0
