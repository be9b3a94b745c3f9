"""Signing in with an OpenID Connect provider, by routes of our own."""
