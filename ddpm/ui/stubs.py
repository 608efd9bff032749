"""gradio without its stubs: at every import it writes a `.pyi` of each component anew, which takes 1.6 of 4 seconds."""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

META = "gradio.component_meta"
WRITES = "create_or_modify_pyi"


class NoStubs(importlib.abc.MetaPathFinder):
    """Stands before the other finders until gradio's metaclass is imported, and takes its writing of stubs away."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != META:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                run(module)
                setattr(module, WRITES, lambda *component: None)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def leave_out() -> None:
    """Call it before gradio is first imported; afterwards it changes nothing."""
    if META not in sys.modules:
        sys.meta_path.insert(0, NoStubs())
