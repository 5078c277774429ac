"""The inner layer: jitted functions on plain arrays.  Nothing here imports from outside the `kernels` folders."""
