"""Each measurement on little data: it runs through, and its numbers agree."""
