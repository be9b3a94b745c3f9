"""A storm of kill -9 over a real home, and the count of what it lost, doubled or left standing: none of it may."""
