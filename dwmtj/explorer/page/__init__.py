"""What the browser shows: pages made with Bokeh from the numbers of `one_device` and `one_array`, and their server."""
