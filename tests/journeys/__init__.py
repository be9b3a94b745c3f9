"""Journeys through the whole program as a person or an operator makes them."""
