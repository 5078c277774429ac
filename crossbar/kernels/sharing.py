"""Blocks of work that several threads take from a common pool, without locks and without waiting for slow threads.

One thread leads: it announces a phase with a number of blocks, works on them itself, and continues when all are done.
The others take blocks of the announced phase.  The leader never waits for a thread that has taken nothing, so a thread
that shares its core with another program delays only the block that it holds.

The announcement is one integer, so a block is taken together with its phase: the number of phases so far, the number of
blocks in this one, and the next free block.  As long as a thread holds a block, its phase is not over, and the leader's
data for it remain valid.

numba has no atomic operations for CPUs; these are LLVM's.
"""

import os
import platform

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from compact_model.kernels.jit import inlined

WORDS = 48
"""Length of the shared array of int64: each of the three words below has its own cache line, with room to spare."""
ANNOUNCED = 0
FINISHED = 16  # blocks of the phase that are done
OVER = 32  # 1 when nothing more will be announced
KIND = 33  # what to do with the blocks
INDEX = 34  # input for which

_BITS = 20
_MASK = (1 << _BITS) - 1
_PATIENCE = 2000  # polls before the rest of the time slice is given away
_LEAVES = 200_000  # polls, taking a tenth of a second or more, before a helper gives up
_PAUSES = platform.machine().lower() in ("x86_64", "amd64")

# The LLVM symbol is found in the running process.
_give_way = types.ExternalFunction("SwitchToThread" if os.name == "nt" else "sched_yield", types.int32())


def _pointer(context, builder, signature, arguments):
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    return cgutils.gep(builder, array.data, arguments[1])


@intrinsic
def _add(typing, array, index, value):
    """array[index] += value as one atomic operation; returns the previous value."""

    def generate(context, builder, signature, arguments):
        return builder.atomic_rmw("add", _pointer(context, builder, signature, arguments), arguments[2], "seq_cst")

    return types.int64(array, types.int64, types.int64), generate


@intrinsic
def _load(typing, array, index):
    def generate(context, builder, signature, arguments):
        return builder.load_atomic(_pointer(context, builder, signature, arguments), "seq_cst", 8)

    return types.int64(array, types.int64), generate


@intrinsic
def _store(typing, array, index, value):
    def generate(context, builder, signature, arguments):
        builder.store_atomic(arguments[2], _pointer(context, builder, signature, arguments), "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), generate


@intrinsic
def _pause(typing):
    """Leave the core to its other hardware thread for a moment."""

    def generate(context, builder, signature, arguments):
        if _PAUSES:
            pause = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, pause, "llvm.x86.sse2.pause"), [])
        return context.get_dummy_value()

    return types.void(), generate


@inlined
def announce(shared, phase, blocks):
    """Announce a phase with this many blocks; its data have been written before."""
    _store(shared, FINISHED, 0)
    _store(shared, ANNOUNCED, (phase << (2 * _BITS)) | (blocks << _BITS))


@inlined
def take(shared):
    """A block for this thread alone; -1 if none is left."""
    seen = _load(shared, ANNOUNCED)
    block = -1
    if (seen & _MASK) < ((seen >> _BITS) & _MASK):
        got = _add(shared, ANNOUNCED, 1)
        if (got & _MASK) < ((got >> _BITS) & _MASK):
            block = got & _MASK
    return block


@inlined
def finish(shared):
    """Report that the block is done."""
    _add(shared, FINISHED, 1)


@inlined
def await_others(shared, blocks):
    """Return when all blocks are done."""
    looks = 0
    while _load(shared, FINISHED) < blocks:
        looks += 1
        if looks < _PATIENCE:
            _pause()
        else:
            _give_way()


@inlined
def await_news(shared):
    """Return True when there may be blocks to take, or False when there will be no more.

    It is also False after a long time without any.  No thread depends on a helper, and one whose leader was interrupted
    before it began would wait forever.
    """
    looks = 0
    seen = _load(shared, ANNOUNCED)
    going = _load(shared, OVER) == 0
    while going and (seen & _MASK) >= ((seen >> _BITS) & _MASK):
        looks += 1
        if looks < _PATIENCE:
            _pause()
        else:
            _give_way()
            going = looks < _LEAVES
        seen = _load(shared, ANNOUNCED)
        going = going and _load(shared, OVER) == 0
    return going


@inlined
def end(shared):
    """Announce the end."""
    _store(shared, OVER, 1)
