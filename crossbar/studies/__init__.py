"""Studies of arrays: each is a function with a labelled result that plots itself."""
