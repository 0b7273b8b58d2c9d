"""What stands and drives in the world, and of which materials."""
