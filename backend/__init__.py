"""What is asked of a model and how its answers are judged. No web, no SQL, no clock."""

__version__ = "0.1.0"
