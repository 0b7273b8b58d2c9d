"""What a spiking network costs on event hardware: mapping, event counts, energy, latency."""
