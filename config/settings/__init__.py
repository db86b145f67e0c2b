"""Settings for one machine (`dev`), for tests (`test`) and for a server (`production`), over one `base`."""
