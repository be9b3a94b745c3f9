"""Everything that is kept, one module per store."""
