from .loading import load as load
from .version import __version__ as __version__
