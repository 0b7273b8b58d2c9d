"""Runs in Intel's Lava, in an environment of its own."""
