"""Learning on arrays of devices: inference with given weights, supervised and unsupervised learning in place."""
