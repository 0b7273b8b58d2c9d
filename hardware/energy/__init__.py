"""Energy models whose constants all have a source and a range."""
