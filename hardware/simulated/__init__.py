"""Simulated twins of the parts on the wall: cards, antennas, pins, doors, and the building that holds them.

Product, not test code: the demo, the tests and `sekimori simulate` drive the same building. Cards and antennas are
written without nfcpy, so that what nfcpy misunderstands is seen. Nothing here is ever chosen unless `site.toml` says so.
"""
