"""Asking the processor for memory that a kernel will need in a moment.

A look-up at a random place of a large table waits about 80 ns for memory. Asked for some look-ups
ahead, it takes about 10 ns.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, config, types
from numba.extending import intrinsic


def _prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """Return how numba compiles ``prefetch``: LLVM's instruction, nothing where there is none."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, args[0])
        pointer = cgutils.get_item_pointer(  # type: ignore[no-untyped-call]
            context, builder, signature.args[0], view, [args[1]], wraparound=False
        )
        byte, number = ir.PointerType(ir.IntType(8)), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module, kind, "llvm.prefetch.p0"
        )
        for_write, keep, data = (ir.Constant(number, value) for value in (1, 3, 1))
        builder.call(function, [builder.bitcast(pointer, byte), for_write, keep, data])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


def _nothing(array: Any, index: Any) -> None:
    """Stand in where kernels run as plain Python."""


prefetch: Any = _nothing if getattr(config, "DISABLE_JIT", False) else intrinsic(_prefetch)
"""``prefetch(array, index)``: load one element of a one-dimensional array into the cache."""
