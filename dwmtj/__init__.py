"""The command line of the project (`dwmtj --help` lists its commands), its studies, and `load` for their results."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
