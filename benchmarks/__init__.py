"""Reports, and the results that they rest on."""
