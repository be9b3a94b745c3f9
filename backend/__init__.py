"""What is asked of a model and how its answers are judged. No web, no SQL, no clock."""
