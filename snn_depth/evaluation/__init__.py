"""Metrics, scoring, baselines, tables and results files."""
