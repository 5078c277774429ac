"""The compact model of a domain-wall magnetic tunnel junction: one device or many, over time.

The public names are listed in `__init__.pyi`; each is imported when it is first used, so that `import compact_model`
costs no more than numpy.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
