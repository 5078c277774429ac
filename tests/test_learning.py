"""Learning on arrays: it learns what it should, by pulses alone; nothing is learned where nothing is pulsed."""

import json
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from compact_model.support.validation import InputError
from crossbar import (
    Adc,
    Dac,
    PulsedDevice,
    WeightMapping,
    Wires,
    inference,
    supervised_learning,
    unsupervised_learning,
)
from crossbar.learning.supervised import level_out
from crossbar.learning.trials import examples
from crossbar.read_out.pairs import nearest_pairs


@pytest.fixture(scope="module")
def synapses():
    return PulsedDevice.notched(8, tracks=2, samples=32, seed=1)


def bars(count=240, seed=0):
    """Noisy pictures of 3 x 3 pixels with one bright row: three classes that one layer tells apart."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 3, count)
    bright = (np.arange(9) // 3 == labels[:, np.newaxis]) * 0.8
    return np.clip(bright + 0.2 * draw.random((count, 9)), 0.0, 1.0), labels


IMAGES, LABELS = bars()
WEIGHTS = np.vstack([2.0 * np.kron(np.eye(3), np.ones((3, 1))) - 0.6, np.zeros((1, 3))])


def supervised(synapses, **changes):
    settings = {"epochs": 5, "repeats": 2, "seed": 3} | changes
    return supervised_learning(IMAGES, LABELS, synapses, **settings)


def unsupervised(synapses, **changes):
    settings = {"outputs": 6, "epochs": 4, "repeats": 2, "seed": 3, "threshold": 2.0} | changes
    return unsupervised_learning(IMAGES, LABELS, synapses, **settings)


def test_a_layer_learns_bars_from_their_labels(synapses):
    found = supervised(synapses)
    # 80 test images each; by chance a third would be right.
    assert (found.accuracy.isel(epoch=-1) > 0.95).all()
    assert (found.pulses > 20).all()
    assert (found.energy > 0.0).all()
    assert found.epoch.values.tolist() == [0, 1, 2, 3, 4, 5]
    # Before learning, about chance.
    assert float(found.accuracy.sel(epoch=0).mean()) < 0.7
    assert found.levels.values.tolist() == [8]


def test_outputs_sort_bars_by_themselves(synapses):
    found = unsupervised(synapses)
    assert (found.accuracy > 0.9).all()
    assert float(found.untrained_accuracy.mean()) < float(found.accuracy.mean()) - 0.05
    weight, names = found.weight.isel(levels=0, repeat=0).values, found.output_label.isel(levels=0, repeat=0).values
    assert set(names.tolist()) >= {0, 1, 2}
    # An output named after a bar has its high weights on that bar.
    for output, name in enumerate(names.tolist()):
        if name >= 0:
            on = np.arange(9) // 3 == name
            assert weight[on, output].mean() > weight[~on, output].mean() + 0.5


def test_without_pulses_nothing_is_learned(synapses):
    untaught = unsupervised(synapses, epochs=0, threshold=0.5, repeats=4)
    assert (untaught.pulses == 0).all()
    assert (untaught.energy == 0.0).all()
    taught = unsupervised(synapses)
    assert float(untaught.accuracy.mean()) < float(taught.accuracy.mean()) - 0.05


def test_wires_cost_energy_and_are_learned_with():
    wired = PulsedDevice.notched(8, tracks=1, samples=16, seed=1, wired=True)
    found = supervised(wired, repeats=1, epochs=3, wires=Wires.equal(0.5))
    assert float(found.accuracy[0, 0, -1]) > 0.9


def test_learning_is_repeated_by_its_seed_and_goes_on_from_its_folder(synapses, tmp_path):
    whole = supervised(synapses, epochs=2)
    xr.testing.assert_identical(supervised(synapses, epochs=2), whole)
    xr.testing.assert_identical(supervised(synapses, epochs=2, store=tmp_path / "run"), whole)
    parts = sorted((tmp_path / "run").glob("kind_*.nc"))
    assert len(parts) == 2
    parts[1].unlink()
    xr.testing.assert_identical(supervised(synapses, epochs=2, store=tmp_path / "run"), whole)
    with pytest.raises(InputError, match="another settings"):
        supervised(synapses, epochs=3, store=tmp_path / "run")
    other = supervised(synapses, epochs=2, seed=4)
    assert not np.array_equal(other.pulses, whole.pulses)


def test_more_repeats_go_on_from_fewer(synapses, tmp_path):
    fewer = supervised(synapses, epochs=1, repeats=1, store=tmp_path / "run")
    more = supervised(synapses, epochs=1, repeats=2, store=tmp_path / "run")
    assert np.array_equal(more.accuracy.isel(repeat=0), fewer.accuracy.isel(repeat=0))
    xr.testing.assert_identical(more, supervised(synapses, epochs=1, repeats=2))


@pytest.mark.parametrize("overdrive", [0.9, 1.0, 1.5])
def test_walls_start_about_the_middle_whatever_the_overdrive(overdrive):
    kind = PulsedDevice.notched(10, tracks=1, samples=32, overdrive=overdrive, seed=2)
    array = kind.array((20, 20), seed=1)
    level_out(array, kind)
    share = array.values / kind.device.track_length
    # One more pulse at 1.5 times the threshold may take all walls on by some notches.
    assert 0.5 < share.mean() < 0.75


def test_kinds_are_told_apart_in_what_a_result_says(synapses):
    longer = PulsedDevice.notched(12, tracks=1, samples=8, seed=1)
    found = supervised([synapses, longer], epochs=0, repeats=1)
    assert found.track_length.values == pytest.approx([400e-9, 600e-9])
    assert found.parallel_resistance.values[0] > found.parallel_resistance.values[1]
    assert found.voltage.values == pytest.approx([synapses.voltage, longer.voltage])
    lengths = {item["track_length"] for item in json.loads(found.attrs["parameters"])}
    assert lengths == {synapses.device.track_length, longer.device.track_length}


def test_two_kinds_of_equal_levels_are_drawn(synapses):
    axes = supervised([synapses, synapses], epochs=1, repeats=1).dwmtj.plot()
    assert len(axes.get_legend().get_texts()) == 2
    plt.close(axes.figure)


def test_every_kind_of_synapses_meets_the_same_images(synapses):
    found = unsupervised([synapses, synapses])
    assert np.array_equal(found.accuracy[0], found.accuracy[1])
    assert np.array_equal(found.weight[0], found.weight[1])


def test_devices_that_vary_still_learn():
    varied = PulsedDevice.notched(8, tracks=1, samples=16, seed=1, variation=0.1)
    assert float(supervised(varied, spreads={"parallel_resistance": 0.1}).accuracy.isel(epoch=-1).mean()) > 0.9


def test_floating_lines_have_a_table_that_covers_what_they_see():
    floating = PulsedDevice.notched(4, tracks=1, samples=8, seed=1, scheme="floating")
    shares = floating.table.voltage.values / floating.voltage
    assert np.diff(shares[shares > 0.2]).max() < 0.16
    assert float(supervised(floating, repeats=1, epochs=1).pulses[0, 0]) > 0


def test_nearest_pairs_are_the_nearest_and_the_cheapest():
    draw = np.random.default_rng(1)
    plus, minus = np.sort(draw.random((20, 5)), axis=1), np.sort(draw.random((20, 4)), axis=1)
    wanted = draw.uniform(-1.0, 1.0, 20)
    first, second = nearest_pairs(wanted, plus, minus).levels.T
    every = plus[:, :, np.newaxis] - minus[:, np.newaxis, :] - wanted[:, np.newaxis, np.newaxis]
    chosen = plus[np.arange(20), first] - minus[np.arange(20), second] - wanted
    assert np.abs(chosen) == pytest.approx(np.abs(every).min(axis=(1, 2)))
    even = np.tile(np.linspace(0.0, 1.0, 5), (3, 1))
    assert nearest_pairs(np.array([0.5, 0.0, -1.0]), even, even).levels.T.tolist() == [[2, 0, 0], [0, 0, 4]]


def test_inference_gets_back_what_floating_point_gives():
    draw = np.random.default_rng(5)
    weights, images = draw.standard_normal((10, 3)), draw.random((300, 9))
    labels = (np.column_stack([images, np.ones(300)]) @ weights).argmax(axis=1)
    found = inference(
        weights, images, labels, levels=(2, 32), variations=(0.0, 0.1), tiles=(3, 10), wired_levels=32, clip=1.0, seed=2
    )
    assert found.attrs["float_accuracy"] == 1.0
    mean = found.accuracy.mean("repeat")
    # Differences of 32 levels are off by a sixtieth of the largest weight at most, each; a few images lie that close.
    assert (mean.sel(levels=32, variation=0.0) > 0.97).all()
    assert (mean.sel(levels=2, variation=0.0) < 0.9).all()
    # Devices that scatter do worse where nobody looks at them while they are programmed.
    scattered = mean.sel(levels=32, variation=0.1)
    assert (scattered.sel(programming="blind") < scattered.sel(programming="verified") - 0.03).all()
    assert (found.wired_accuracy.sel(wire_resistance=0.0) > 0.97).all()


def test_wires_and_noise_cost_accuracy():
    found = inference(
        WEIGHTS,
        IMAGES,
        LABELS,
        levels=(4,),
        variations=(0.0,),
        tiles=(2, 10),
        wire_resistances=(0.0, 60.0),
        repeats=2,
        seed=2,
    )
    wired = found.wired_accuracy.mean("repeat")
    assert float(wired.sel(wire_resistance=60.0, tile=10)) < 0.9
    assert float(wired.sel(wire_resistance=60.0, tile=2)) > float(wired.sel(wire_resistance=60.0, tile=10))
    noisy = inference(WEIGHTS, IMAGES, LABELS, levels=(4,), variations=(0.0,), tiles=(10,), read_noise=2.0, repeats=2)
    assert float(noisy.accuracy.mean()) < 0.8


@pytest.mark.parametrize(
    "mapping",
    [
        WeightMapping(),
        WeightMapping(encoding="offset", slices=2),
        WeightMapping(encoding="offset", subtraction="computed"),
        WeightMapping(subtraction="digital", slices=2),
    ],
    ids=lambda each: f"{each.encoding}-{each.subtraction}-{each.slices}",
)
def test_converters_of_many_bits_cost_no_accuracy_and_blind_ones_all_of_it(mapping):
    kinds = {"levels": (8,), "variations": (0.0,), "tiles": (6, 16), "wire_resistances": (1.0,), "wired_levels": 8}
    settings = {**kinds, "repeats": 2, "clip": 1.0, "seed": 2, "mapping": mapping}
    ideal = inference(WEIGHTS, IMAGES, LABELS, **settings)
    fine = Dac(bits=12, signed=False, bits_per_cycle=4), Adc(bits=16, percentile=100.0)
    images, _ = bars(seed=9)
    exact = inference(WEIGHTS, IMAGES, LABELS, **settings, dac=fine[0], adc=fine[1], samples=images)
    for name in ("accuracy", "wired_accuracy"):
        assert exact[name].values == pytest.approx(ideal[name].values, abs=1.5 / len(LABELS))
    # A converter whose first step is above all currents tells nothing apart: the first class is as good as the others.
    blind = inference(WEIGHTS, IMAGES, LABELS, **settings, adc=Adc(bits=2, full_scale=1.0))
    assert blind.accuracy.values == pytest.approx(np.mean(LABELS == 0))


def test_inference_goes_on_from_its_folder(tmp_path):
    def made(**changes):
        settings = {"levels": (3,), "variations": (0.1,), "tiles": (10,), "repeats": 2} | changes
        return inference(WEIGHTS, IMAGES, LABELS, **settings)

    whole = made()
    xr.testing.assert_identical(made(store=tmp_path / "run"), whole)
    (tmp_path / "run" / "repeat_0001.nc").unlink()
    xr.testing.assert_identical(made(store=tmp_path / "run"), whole)
    with pytest.raises(InputError, match="another settings"):
        made(store=tmp_path / "run", clip=0.5)


def test_levels_are_the_notches_of_the_tracks(synapses):
    assert synapses.levels == 8
    array = synapses.array((6, 5), seed=1)
    assert array.shape == (6, 5)
    assert array.state.min() >= 0
    assert array.state.max() <= 9
    assert synapses.device.track_length == pytest.approx(400e-9)


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (lambda it: supervised(it, epochs=-1), "epochs: expected"),
        (lambda it: supervised(it, rate=0.0), "rate: expected"),
        (lambda it: supervised(it, decay=1.5), "decay: expected"),
        (lambda it: supervised(it, test_share=0.0), "test_share: expected a share that leaves images"),
        (lambda it: supervised(it, test_share=float("nan")), "test_share: expected"),
        (lambda it: supervised(it, test_share="a"), "test_share: expected"),
        (lambda it: unsupervised(it, test_share=float("inf")), "test_share: expected"),
        (lambda it: inference(WEIGHTS, IMAGES, LABELS, levels=None), "levels: expected"),
        (lambda it: inference(WEIGHTS, IMAGES, LABELS, levels=()), "levels: expected"),
        (lambda it: inference(WEIGHTS, IMAGES, LABELS, levels=(10**6,)), "levels: expected .* of at most 4096"),
        (lambda it: supervised(it, repeats=0), "repeats: expected"),
        (lambda it: supervised([]), "devices: expected at least one"),
        (lambda it: supervised("x"), "devices: expected PulsedDevice, or a sequence"),
        (lambda it: supervised(it, wires=Wires(bit_line_resistance=-1.0)), "bit_line_resistance: expected"),
        (lambda it: unsupervised(it, outputs=0), "outputs: expected"),
        (lambda it: unsupervised(it, leak=1.5), "leak: expected"),
        (lambda it: unsupervised(it, threshold=0.0), "threshold: expected"),
        (lambda it: inference(WEIGHTS[:-1], IMAGES, LABELS), r"weights: expected shape \(10, 3\)"),
        (lambda it: inference(WEIGHTS, IMAGES, LABELS, levels=(1,)), "levels: expected"),
        (lambda it: inference(WEIGHTS, IMAGES, LABELS, clip=0.0), "clip: expected"),
        (lambda it: inference(WEIGHTS, IMAGES, LABELS, adc=Adc(bits=4)), "samples: expected images"),
        (lambda it: inference(WEIGHTS, IMAGES, LABELS, samples=IMAGES[:, 1:]), "samples: expected numbers from 0 to 1"),
        (
            lambda it: inference(WEIGHTS, IMAGES, LABELS, mapping=WeightMapping(slices=5), tiles=(9,)),
            "tiles: expected at least 10 lines for one output, got 9",
        ),
        (
            lambda it: inference(WEIGHTS, IMAGES, LABELS, mapping=WeightMapping(encoding="offset")),
            "levels: expected at least three for an offset, got 2",
        ),
        (lambda it: examples(2.0 * IMAGES, LABELS), "images: expected numbers from 0 to 1"),
        (lambda it: examples(IMAGES, LABELS[1:]), "labels: expected 240 whole numbers"),
        (lambda it: PulsedDevice.notched(0), "levels: expected"),
        (lambda it: PulsedDevice.notched(4, variation=0.5), "variation: expected"),
        (
            lambda it: supervised(it, spreads={"damping": 0.1}),
            "spreads: expected names out of parallel_resistance, tmr",
        ),
        (
            lambda it: supervised(it, spreads={"parallel_resistance": 0.1}),
            "table: expected .* devices that differ",
        ),
        (lambda it: supervised(it, wires=Wires(bit_line_resistance=0.1)), "table: expected .* with wires"),
        (lambda it: replace(it, voltage=2.0 * it.voltage), "voltage: expected at most the range of the table"),
        (lambda it: supervised(it, wires={"driver_resistance": 1.0}), "wires: expected a Wires, got dict"),
        (
            lambda it: supervised(it, wires=Wires(bit_line_capacitance=1e-15)),
            "wires: expected none with",
        ),
    ],
)
def test_nonsense_is_named(synapses, act, named):
    with pytest.raises(InputError, match=named):
        act(synapses)
