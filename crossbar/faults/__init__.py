"""What goes wrong with an array: cells that are stuck, walls that leave their places with time."""
