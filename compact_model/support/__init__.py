"""What every package of the project leans on: checks of input, files, progress, seeds, and where results come from."""
