"""Repositories and strings of people who mean harm, declared in small pieces: none of it does any."""
