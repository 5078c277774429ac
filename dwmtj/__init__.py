"""The command line of the project; `dwmtj --help` lists what it can do."""
