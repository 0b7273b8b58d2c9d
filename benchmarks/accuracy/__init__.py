"""The accuracy matrix: recipes by methods by seeds."""
