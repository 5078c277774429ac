#!/bin/sh
# Brings a program of the system where it is missing and installing is allowed; else says what to do.
# It never fails: whatever needs the program says so itself.
#
#     sh scripts/install_program.sh ngspice     also its shared library
#     sh scripts/install_program.sh chromium    for the tests of the explorer

name=$1
case $name in
ngspice)
    [ -n "$NGSPICE_PROGRAM" ] && command -v "$NGSPICE_PROGRAM" >/dev/null 2>&1 && exit 0
    called="ngspice"
    debian="ngspice libngspice0" fedora="ngspice libngspice" brew="ngspice libngspice" conda="ngspice"
    ;;
chromium)
    called="chromium chromium-browser google-chrome"
    debian="chromium" fedora="chromium" brew="" conda=""
    ;;
*)
    echo "install_program.sh: expected ngspice or chromium, got '$name'" >&2
    exit 2
    ;;
esac

is_here() {
    for program in $called; do command -v "$program" >/dev/null 2>&1 && return 0; done
    return 1
}

is_here && exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then as_root="sudo -n"; else as_root="none"; fi
fi

echo "$name is missing; trying to install it ..." >&2
if [ "$as_root" != none ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    install="$as_root apt-get install -y -q $debian"
    { $install || { $as_root apt-get update -q && $install; }; } >/dev/null 2>&1
elif [ "$as_root" != none ] && command -v dnf >/dev/null 2>&1; then
    $as_root dnf install -y -q $fedora >/dev/null 2>&1
elif [ -n "$brew" ] && command -v brew >/dev/null 2>&1; then
    brew install --quiet $brew >/dev/null 2>&1
elif [ -n "$conda" ] && [ -n "$CONDA_PREFIX" ] && command -v conda >/dev/null 2>&1; then
    conda install -y -q -c conda-forge $conda >/dev/null 2>&1
fi

is_here && exit 0
echo "$name could not be installed here; everything that does not need it goes on. To bring it:" >&2
echo "  Debian, Ubuntu: apt-get install $debian    Fedora: dnf install $fedora" >&2
[ -z "$brew" ] || echo "  macOS: brew install $brew    conda: conda install -c conda-forge $conda" >&2
exit 0
