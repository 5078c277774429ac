"""`python -m compact_model.warm_up`: compile every kernel once and store it on disk."""

import time

from .device.published import lequeux2016
from .drive import Current
from .kernels.interpreted import all_compiled
from .simulation import simulate_ensemble
from .track.landscape import single_well


@all_compiled()
def compile_kernels() -> None:
    """Run each solver for two picoseconds, with one device and with enough of them to be integrated side by side."""
    device = lequeux2016()
    landscape = single_well(device, coercive_field=15e-4, half_width=100e-9)
    for devices in (1, 32):
        for method, temperature in (("adaptive", 0.0), ("heun", 300.0)):
            simulate_ensemble(
                device,
                landscape,
                Current.of(1e-3),
                [0.0, 2e-12],
                devices=devices,
                method=method,
                temperature=temperature,
            )


if __name__ == "__main__":
    began = time.perf_counter()
    compile_kernels()
    print(f"compact_model's kernels are compiled, in {time.perf_counter() - began:.0f} s; they are kept on disk")
