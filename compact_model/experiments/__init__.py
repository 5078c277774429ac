"""Simulated laboratory experiments on devices: each returns one labelled Dataset that plots itself."""
