"""`dwmtj run` from end to end, killed in the middle."""

import json
import os
import signal
import subprocess
import time

import pytest
import xarray as xr
from processes import DWMTJ

from compact_model import count_levels, lequeux2016


def test_the_main_job_leaves_a_report_and_goes_on_where_it_was_killed(tmp_path):
    folder = tmp_path / "results"
    # One thread, as other tests run beside it: 16 tracks on two threads take half as long again of the processors.
    alone = os.environ | {"NUMBA_NUM_THREADS": "1"}
    command = [*DWMTJ, "run", "-o", folder, "--json"]
    process = subprocess.Popen(command, env=alone, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 200
    while not (folder / "thresholds.nc").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    first = (folder / "thresholds.nc").stat().st_mtime_ns
    # Only whole files carry a final name; the one in the making has a hidden, temporary one.
    assert {path.suffix for path in folder.iterdir() if not path.name.startswith(".")} <= {".nc", ".png"}

    # Minutes, where other tests run beside it.
    done = subprocess.run(command, env=alone, capture_output=True, text=True, check=True, timeout=900)
    assert (folder / "thresholds.nc").stat().st_mtime_ns == first
    report = (folder / "report.md").read_text()
    for name in ("thresholds", "levels", "depinning", "pulses", "retention", "anisotropy", "checks", "programming"):
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert f"({name}.png)" in report
        assert xr.load_dataset(folder / f"{name}.nc", engine="h5netcdf").attrs["dwmtj_version"]
    assert "intermediate levels" in report
    answer = json.loads(done.stdout)
    assert answer["report"] == str(folder / "report.md")
    # 16 tracks with a standard deviation of 2 levels: four standard errors of the mean are 2 levels.
    assert answer["levels"]["mean_levels"] == pytest.approx(16.6, abs=2.0)
    assert answer["levels"]["tracks_with_15_to_20"] >= 10
    assert answer["levels"]["levels_in_one_branch"] == pytest.approx(1.2, abs=0.4)
    loops = xr.load_dataset(folder / "levels.nc", engine="h5netcdf").assign_attrs(experiment="resistance_loop")
    for ohms, levels, bound in ((0.25, 23.4, 2.5), (1.0, 8.3, 1.5)):
        found = count_levels(loops, lequeux2016(), resolution=ohms).levels.mean()
        assert float(found) == pytest.approx(levels, abs=bound)
    assert answer["thresholds"]["both_1e6_A_per_cm2"] == pytest.approx(2.95, abs=0.05)
    assert answer["programming"]["reached"] == 256
    assert answer["programming"]["largest_error_levels"] < 1.0
    if "array_crosscheck" in answer:  # ngspice is there
        assert answer["array_crosscheck"]["position_nm"] < 0.1
        assert answer["array_crosscheck"]["current_share"] < 1e-4
    assert "A magnetic tunnel junction consists of" in report  # for readers who do not know the paper
    assert len(report.split()) < 1500
