"""Data sets: recordings, windows, pictures, the synthetic world."""
