"""The explorer: one device, or one array, as pages in a browser on the same machine.

`one_device` and `one_array` go from a session (what the page is set to) to numbers and know nothing of the page;
`sessions` writes a session as a link and as TOML and reads it back; `page` draws and serves.
"""
