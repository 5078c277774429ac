"""How functions are compiled that only compiled functions call.

numba optimises each function and turns it into machine code, and does both again in everything that calls it.  For such
a function the first time is in vain, and took a third of a first call: here it is only made ready to be linked into its
callers.

The part of numba that this needs: `CompilerBase.state.library`, which a compiler may set, and what a library does when
it is complete; numba 0.60 and 0.68 were tried.
"""

from typing import Any

import numba
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler


class _Part(JITCodeLibrary):
    """Code without machine code of its own."""

    @property
    def codegen(self) -> "_Part":
        return self  # whoever asks wants `set_env`

    def set_env(self, name: str, env: Any) -> None:
        """There is no address yet to hold the environment; code that is loaded from disk does without it as well."""

    def get_pointer_to_function(self, name: str) -> int:
        self._ensure_finalized()
        return 0

    def _optimize_final_module(self) -> None:
        """numba's first passes, which inline; without them the caller's code comes out up to a tenth slower."""
        codegen = self._codegen
        if numba.version_info.short < (0, 62):  # whose passes are called in other ways
            super()._optimize_final_module()
            return
        passes, builder = codegen._module_pass_manager(
            loop_vectorize=codegen._loopvect, slp_vectorize=False, opt=codegen._opt_level, cost="cheap"
        )
        passes.run(self._final_module, builder)

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True


class PartCompiler(Compiler):
    """numba's compiler for functions that only compiled functions call."""

    def define_pipelines(self) -> Any:
        self.state.library = _Part(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        return super().define_pipelines()
