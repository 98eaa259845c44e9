"""TLS of the pages: the certificate, the own authority that can issue it, and the listener that speaks it.

* `authority` makes and renews certificates for the named hosts, under a CA of its own that can sign for no others
* `certificate` reads what is served, whoever issued it, and takes up a new one from the disk
* `front` ends TLS before the HTTP server
"""
