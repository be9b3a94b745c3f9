"""Test doubles made of real parts: a small Hub, two inference servers and tiny models, all on loopback."""
