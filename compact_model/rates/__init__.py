"""What a wall does over times that nobody can integrate: rates of escape, sweeps as slow as a laboratory's."""
