"""How numba compiles kernels, and the parts of which they hold copies.

Left to itself, numba optimises every function twice with all that it calls, and makes machine code of each.
But a part is called by kernels only, which hold a copy of it and are optimised as a whole: most of what LLVM
does for a part alone is done again by each caller, and nobody runs its machine code. So a part is tidied
once, lightly, and that is all. Passes of numba's for what kernels do not have (closures, with, literal loops)
are left out. Imported where something must be compiled, and never when machine code is loaded.
"""

from typing import Any

from numba._dynfunc import make_function
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import (
    AnnotateTypes,
    DumpParforDiagnostics,
    InlineOverloads,
    NativeLowering,
    NoPythonSupportedFeatureValidation,
)
from numba.core.untyped_passes import (
    FindLiterallyCalls,
    InlineClosureLikes,
    InlineInlinables,
    LiteralPropagationSubPipelinePass,
    LiteralUnroll,
    MakeFunctionToJitFunction,
    WithLifting,
)

_UNUSED = frozenset(
    {
        AnnotateTypes, DumpParforDiagnostics, FindLiterallyCalls, InlineClosureLikes, InlineInlinables,
        InlineOverloads, LiteralPropagationSubPipelinePass, LiteralUnroll, MakeFunctionToJitFunction,
        NoPythonSupportedFeatureValidation, WithLifting,
    }
)  # fmt: skip
"""Passes that look for what no kernel has; numba says so where it meets such a thing in lowering."""

_LIGHTLY = {"opt": 1, "loop_vectorize": False, "slp_vectorize": False}
"""How a part is optimised: what each caller would have to tidy up is tidied once."""


class _PartCode(JITCodeLibrary):  # type: ignore[misc, unused-ignore]
    """The code of a part, for kernels to copy: LLVM's own language, and no machine code."""

    def _optimize_final_module(self) -> None:
        codegen: Any = self._codegen
        passes, how = codegen._module_pass_manager(**_LIGHTLY)
        passes.run(self._final_module, how)

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()  # type: ignore[no-untyped-call]
        self._verify_declare_only_symbols()  # type: ignore[no-untyped-call]
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)  # type: ignore[no-untyped-call]
class _PartLowering(NativeLowering):  # type: ignore[misc, unused-ignore]
    """What makes a part's code, and has its callers find it."""

    _name = "part_lowering"

    def run_pass(self, state: Any) -> bool:
        target = state.targetctx
        name = state.func_id.func_qualname
        state.library = _PartCode(target.codegen(), name)  # type: ignore[no-untyped-call]
        state.flags.no_compile = True
        super().run_pass(state)  # type: ignore[no-untyped-call]
        made = state.cr.fndesc
        # numba keeps functions by such an object. Its address is 0: it is never called, a _Part is Python.
        entry = make_function(made.lookup_module(), made.qualname, "", 0, state.cr.env, (state.library,))
        target.insert_user_function(entry, made, [state.library])
        state.reload_init.extend(state.library._reload_init)
        state.cr = state.cr._replace(cfunc=entry)
        return True


class KernelCompiler(CompilerBase):  # type: ignore[misc, unused-ignore]
    """numba's compiler without the passes that kernels have no use for."""

    lowering: Any = NativeLowering

    def define_pipelines(self) -> list[Any]:
        """Return numba's own pipeline, shorter."""
        usual: Any = DefaultPassBuilder.define_nopython_pipeline
        manager: Any = PassManager("kernel")  # type: ignore[no-untyped-call]
        for kind, told in usual(self.state).passes:
            if kind not in _UNUSED:
                manager.add_pass(self.lowering if kind is NativeLowering else kind, told)
        manager.finalize()
        return [manager]


class PartCompiler(KernelCompiler):
    """The same for what has no machine code of its own."""

    lowering = _PartLowering
