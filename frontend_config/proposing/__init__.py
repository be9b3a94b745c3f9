"""Proposing the results of a row to the model's own repository, with the permission of who submitted it."""
