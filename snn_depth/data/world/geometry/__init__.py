"""Shapes, rays, ground and ego motion."""
