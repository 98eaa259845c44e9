"""What the configured broker really does, tried on topics that nobody else reads: for `sekimori check`.

A broker that answers everything with success may still drop, delay or withhold, so only what arrives counts here.
"""
