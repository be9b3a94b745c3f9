"""Measurements of the core, side by side in one run."""
