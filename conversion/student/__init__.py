"""From a trained student to a layer graph (torch)."""
