"""Simulators of a layer graph (numpy only); the integer one is the golden model."""
