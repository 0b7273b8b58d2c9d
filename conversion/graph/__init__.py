"""A converted network as plain data, and the artifact that holds it (numpy and h5py only)."""
