"""From a spike source to a training batch."""
