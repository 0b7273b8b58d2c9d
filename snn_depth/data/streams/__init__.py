"""Spike streams and recordings: file formats, windows, time bins, textures."""
