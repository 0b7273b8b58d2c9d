"""Latency and energy of a network on this machine's processor or GPU."""
