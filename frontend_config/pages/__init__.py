"""The pages, one file each; every `build(desk, static)` fills the Gradio page it is called in."""
