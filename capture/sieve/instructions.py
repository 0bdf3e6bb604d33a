"""SHA-256 and AES by the processor's own instructions, where it has them: a third of the time.

Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2 (SHA256RNDS2, SHA256MSG1,
AESENC, AESENCLAST). They are written as assembly, so that a kernel compiled for any x86 processor holds them
too: whether they may be used is asked when the program runs, by `native`.

A kernel may have left the upper halves of vector registers in use. The instructions of SHA know the lower
ones only and must keep the upper, which made them slower than doing without; VZEROUPPER frees them of that.
It needs AVX, whose form of AES's instructions has no such trouble.
"""

import platform
from functools import cache
from typing import Any, Final

from capture.compiled import PLAIN, extension
from capture.processor import has

AES, SHA = 1, 2
"""Bits of what a processor has."""

_NEEDED: Final = {AES: ("aes", "avx"), SHA: ("sha", "avx")}
_X86: Final = platform.machine() in ("x86_64", "AMD64")


@cache
def native() -> int:
    """Return which of these instructions this processor has, as bits."""
    if PLAIN or not _X86:
        return 0
    return sum(bit for bit, names in _NEEDED.items() if has(names))


def _rounds() -> str:
    """Return SHA-256's compression: $0 points to the state, $1 to the block, $2 to the constants.

    xmm1 and xmm2 hold the state as ABEF and CDGH, xmm3 to xmm6 the last sixteen words of the schedule.
    """
    lines = [
        "vzeroupper",
        "movdqu ($0), %xmm1", "movdqu 16($0), %xmm2",
        "pshufd $$0xB1, %xmm1, %xmm1", "pshufd $$0x1B, %xmm2, %xmm2",
        "movdqa %xmm1, %xmm7", "palignr $$8, %xmm2, %xmm1", "pblendw $$0xF0, %xmm7, %xmm2",
        "movdqa %xmm1, %xmm8", "movdqa %xmm2, %xmm9",
    ]  # fmt: skip
    lines += [f"movdqu {16 * word}($1), %xmm{3 + word}" for word in range(4)]
    for four in range(16):
        now, next1, before, last = (f"%xmm{3 + (four + back) % 4}" for back in (0, 1, 2, 3))
        if four >= 4:  # words t - 16 and t - 15, t - 7, t - 2
            lines += [
                f"movdqa {last}, %xmm7", f"palignr $$4, {before}, %xmm7",
                f"sha256msg1 {next1}, {now}", f"paddd %xmm7, {now}", f"sha256msg2 {last}, {now}",
            ]  # fmt: skip
        lines += [
            f"movdqu {16 * four}($2), %xmm0", f"paddd {now}, %xmm0",
            "sha256rnds2 %xmm0, %xmm1, %xmm2", "pshufd $$0x0E, %xmm0, %xmm0",
            "sha256rnds2 %xmm0, %xmm2, %xmm1",
        ]  # fmt: skip
    lines += [
        "paddd %xmm8, %xmm1", "paddd %xmm9, %xmm2",
        "pshufd $$0x1B, %xmm1, %xmm1", "pshufd $$0xB1, %xmm2, %xmm2",
        "movdqa %xmm1, %xmm7", "pblendw $$0xF0, %xmm2, %xmm1", "palignr $$8, %xmm7, %xmm2",
        "movdqu %xmm1, ($0)", "movdqu %xmm2, 16($0)",
    ]  # fmt: skip
    return "\n".join(lines)


def _cipher() -> str:
    """Return AES-128 of one block: $0 is what becomes of $1, $2 points to the round keys, $3 is `_SWAP`.

    Words lie in memory as numbers; AES takes them with the most significant byte first.
    """
    lines = [
        "vpshufb $3, $1, $0",
        "vmovdqu ($2), %xmm15",
        "vpshufb $3, %xmm15, %xmm15",
        "vpxor %xmm15, $0, $0",
    ]
    for turn in range(1, 11):
        step = "vaesenclast" if turn == 10 else "vaesenc"
        lines += [f"vmovdqu {16 * turn}($2), %xmm15", "vpshufb $3, %xmm15, %xmm15", f"{step} %xmm15, $0, $0"]
    return "\n".join([*lines, "vpshufb $3, $0, $0"])


_SWAP: Final = (0x00010203, 0x04050607, 0x08090A0B, 0x0C0D0E0F)
"""What turns the bytes of four words round, as `pshufb` takes it."""


def _absent(*_: Any) -> Any:
    """Stand for the instructions in plain Python, where nobody asks for them."""
    raise NotImplementedError("no such instruction in plain Python")


def _compress() -> Any:
    """Make the intrinsic that compresses a block into a state, both being words of one array."""
    from llvmlite import binding, ir  # type: ignore[import-untyped, unused-ignore]
    from numba.core import types
    from numba.extending import intrinsic

    binding.initialize_native_asmparser()

    def compress(typing: Any, w: Any, state: Any, block: Any, constants: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            if _X86:
                words = context.make_array(signature.args[0])(context, builder, args[0]).data
                table = context.make_array(signature.args[3])(context, builder, args[3]).data
                places = [builder.gep(words, [args[1]]), builder.gep(words, [args[2]]), table]
                kind = ir.FunctionType(ir.VoidType(), [place.type for place in places])
                clobbered = ",".join(f"~{{xmm{number}}}" for number in range(16))
                builder.asm(kind, _rounds(), f"r,r,r,{clobbered},~{{memory}}", places, True)
            return context.get_dummy_value()

        return types.void(w, types.int64, types.int64, constants), generate

    return intrinsic(compress)


def _encrypt() -> Any:
    """Make the intrinsic that encrypts four words under the round keys at a place of an array."""
    from llvmlite import binding, ir
    from numba.core import types
    from numba.extending import intrinsic

    binding.initialize_native_asmparser()

    def encrypt(typing: Any, w: Any, keys: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
        result: Any = types.UniTuple(types.uint32, 4)  # type: ignore[no-untyped-call]

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            word = ir.IntType(32)
            four = ir.VectorType(word, 4)
            made = ir.Constant(four, ir.Undefined)
            for place, value in enumerate(args[2:]):
                made = builder.insert_element(made, value, ir.Constant(word, place))
            if _X86:
                words = context.make_array(signature.args[0])(context, builder, args[0]).data
                swap = ir.Constant(four, [ir.Constant(word, value) for value in _SWAP])
                given = [made, builder.gep(words, [args[1]]), swap]
                kind = ir.FunctionType(four, [value.type for value in given])
                made = builder.asm(kind, _cipher(), "=&x,x,r,x,~{xmm15},~{memory}", given, True)
            out = [builder.extract_element(made, ir.Constant(word, place)) for place in range(4)]
            return context.make_tuple(builder, signature.return_type, out)

        return result(w, types.int64, types.uint32, types.uint32, types.uint32, types.uint32), generate

    return intrinsic(encrypt)


compress = extension(_absent, _compress)
"""compress(w, state, block, constants): SHA-256's compression of w[block:block + 16] into w[state:state + 8].

Nothing is checked: the places are constants of who calls it. To be called only where `native` has SHA."""
encrypt = extension(_absent, _encrypt)
"""encrypt(w, keys, a, b, c, d): AES-128 of four words under w[keys:keys + 44]; where `native` has AES."""
