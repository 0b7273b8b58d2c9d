"""Losses as pure functions, one per file."""
