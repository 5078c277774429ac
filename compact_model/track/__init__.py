"""Pinning of a wall: wells, landscapes of them, and rest positions."""
