"""The wall as the paper's micromagnetic simulation sees it: one layer of a stripe, by finite differences."""
