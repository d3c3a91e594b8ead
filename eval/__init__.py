"""Measurement: data sets, metrics, runs, reports."""
