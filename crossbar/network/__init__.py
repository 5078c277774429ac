"""The linear network of an array and the solvers for it."""
