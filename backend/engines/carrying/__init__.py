"""How an engine's models are asked on the nodes of a Ray cluster, as if they were here."""
