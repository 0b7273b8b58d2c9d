"""Exact counts of events: spikes, synaptic operations, updates, messages."""
