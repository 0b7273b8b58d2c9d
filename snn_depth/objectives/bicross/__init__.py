"""BiCross (arXiv 2208.12527): CFKD and SCTS."""
