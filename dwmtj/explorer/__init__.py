"""The explorer: one device, or one array, as pages in a browser on the same machine.

`one_device` and `one_array` compute numbers from a session (the settings of the page) and are independent of the page;
`sessions` writes a session as a link and as TOML and reads it back; `page` draws and serves.
"""
