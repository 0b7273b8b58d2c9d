"""Cameras and their pictures: intrinsics, poses, crops, resampling."""
