"""From pictures to the spikes that a spike camera gives."""
