"""Depth networks: the spiking student and its ANN twin."""
