"""`python -m dwmtj`."""

from .cli import main

main()
