"""Augmentation, views of unlabelled targets, pairing and order of samples."""
