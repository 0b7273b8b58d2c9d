"""Converted networks in other programs' formats: ONNX, NIR, lava-dl's `.net`."""
