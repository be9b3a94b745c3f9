"""One reader per file format, and the invented rehearsal data."""
