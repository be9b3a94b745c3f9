"""How fast the page is on this machine, beside a table of Gradio's own that holds the same data."""
