"""The model's own process: opens submitted files, renders and tokenizes prompts, and writes answers greedily."""
