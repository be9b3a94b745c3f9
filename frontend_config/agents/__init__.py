"""Four tools with which a language model may ask the board, through Gradio; none of them changes anything."""
