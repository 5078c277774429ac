"""Work shared among threads: all at the same time, nothing lost, whatever happens in one of them."""

import os
import subprocess
import sys
import threading
import time

import numba
import pytest

from compact_model.support.threads import run_both, run_together, threads


def test_every_part_is_done_and_the_first_in_the_calling_thread():
    found = {}
    run_together(lambda index: found.__setitem__(index, threading.current_thread()), 4)
    assert sorted(found) == [0, 1, 2, 3]
    assert found[0] is threading.current_thread()
    assert len(set(found.values())) == 4


def test_the_parts_may_wait_for_one_another_and_share_out_work_themselves():
    barrier = threading.Barrier(3)
    run_together(lambda index: barrier.wait(10), 3)
    run_together(lambda index: run_together(lambda inner: barrier.wait(10), 3) if index == 1 else None, 2)


def test_the_threads_last_from_one_call_to_the_next():
    run_together(lambda index: None, 3)
    before = threading.active_count()
    for _ in range(50):
        run_together(lambda index: None, 3)
    assert threading.active_count() == before


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_error_in_one_part_is_raised_when_all_are_done(failing):
    done = []

    def part(index):
        if index == failing:
            raise ZeroDivisionError("part")
        time.sleep(0.05)
        done.append(index)

    with pytest.raises(ZeroDivisionError, match="part"):
        run_together(part, 3)
    assert sorted(done) == sorted({0, 1, 2} - {failing})
    run_together(done.append, 3)  # and the threads are there again


def test_two_functions_return_what_they_would_alone_also_without_a_second_thread():
    count = numba.get_num_threads()
    try:
        for available in (1, count):
            numba.set_num_threads(available)
            assert run_both(lambda: 1, lambda: "two") == (1, "two")
            with pytest.raises(ZeroDivisionError):
                run_both(lambda: 1, lambda: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                run_both(lambda: 1 / 0, lambda: 1)
    finally:
        numba.set_num_threads(count)


@pytest.mark.skipif(threads() < 2, reason="one core")
def test_two_functions_run_at_the_same_time():
    barrier = threading.Barrier(2)
    run_both(lambda: barrier.wait(30), lambda: barrier.wait(30))


def test_an_interrupt_waits_for_the_other_threads_and_is_raised():
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # whatever the tests were started by
        "from compact_model.support.threads import run_together\n"
        "done = []\n"
        "def part(index):\n"
        "    if index == 0:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(0.3)\n"
        "    done.append(index)\n"
        "try:\n"
        "    run_together(part, 2)\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted', done)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "interrupted [1]\n"


def test_a_forked_process_has_threads_of_its_own():
    code = (
        "import os\n"
        "from compact_model.support.threads import run_together\n"
        "run_together(lambda index: None, 3)\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    run_together(lambda index: None, 3)\n"
        "    os._exit(7)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    if not hasattr(os, "fork"):
        return
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert answer.stdout == "7\n"


def test_the_number_of_threads_is_numbas_without_numba():
    ask = "import sys; from compact_model.support.threads import threads; print(threads(), 'numba' in sys.modules)"
    few = {**os.environ, "NUMBA_NUM_THREADS": "1"}
    answer = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, env=few)
    assert answer.stdout == "1 False\n"

    import numba

    before = numba.get_num_threads()
    assert threads() == before
    try:
        numba.set_num_threads(1)
        assert threads() == 1
    finally:
        numba.set_num_threads(before)
