"""From the form to a finished run."""
