"""One way of answering the prompts a module, each run in an interpreter of its own."""
