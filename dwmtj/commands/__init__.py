"""One file for each sub-command, named after it; each holds a click command called `command`."""
