"""The version of what is installed."""

from compact_model.support.provenance import release

__version__ = release()
