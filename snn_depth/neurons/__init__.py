"""Spiking neurons: equations, surrogate gradients, multi-step layers, backends."""
