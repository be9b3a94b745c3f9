"""What the visitor sees: pages, columns, words, and the interface under /v1."""
