"""Crates: folders in which models, encoders and open data go to a machine without a network."""
