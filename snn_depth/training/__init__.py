"""The training engine; the only folder that knows Lightning."""
