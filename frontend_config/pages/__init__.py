"""The pages, one file each: `CONTENT` is the HTML of a page of ours, `build(desk, static)` fills a page of Gradio."""
