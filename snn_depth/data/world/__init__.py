"""The synthetic world: a procedural road scene seen by an RGB-D camera and a spike camera."""
