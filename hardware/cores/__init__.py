"""Chips as data, networks mapped to their cores, and how long a step takes there."""
