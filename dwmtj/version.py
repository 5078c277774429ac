"""The installed version."""

from compact_model.support.provenance import release

__version__ = release()
