"""Experiments on devices, as people run them in the laboratory: each returns one labelled Dataset that plots itself."""
