"""The energy and latency report: what is measured, what is modelled, and how it is shown."""
