"""How fast prompts are answered: our local engine beside other ways, the same model and the same prompts."""
