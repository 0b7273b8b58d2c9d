"""From the world to recordings: rendering, lens, light at the spike camera's rate."""
