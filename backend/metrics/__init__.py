"""How answers are judged: answers × references → one number per example."""
