"""What the visitor sees: pages, columns, words, and the read-only interface under /v1."""
