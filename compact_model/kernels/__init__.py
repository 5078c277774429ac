"""The inner layer: jitted functions on plain floats and arrays.  Nothing here imports from outside this folder."""
