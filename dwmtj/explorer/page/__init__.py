"""The pages in the browser, made with Bokeh from the numbers of `one_device` and `one_array`, and their server."""
