"""The demo: an example manufacturer in a simulated building, with the real broker, controller and dashboard around it.

Product, not test code: newcomers see the system through it, and the tests start it as they do.
"""
