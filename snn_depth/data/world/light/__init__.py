"""Sun, sky, shading and weather."""
