"""The pages, one blueprint a noun. A view asks `read/`, fills a template, or hands a request to the outbox.

A page that changes something is a form of its own, and the answer to its POST is the way to the request's page.
"""
