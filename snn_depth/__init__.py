"""Metric depth from spike cameras with a spiking network."""
