"""From a trained student to a chip: graph, exact simulators, quantisation, artifact."""
