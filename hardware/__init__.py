"""The parts on the wall: readers, locks, contacts and annunciators that hang on this machine.

`protocols.py` says what each part is and what it may raise; the drivers stand on nfcpy and gpiozero;
`simulated` has their twins, which are product: the demo and the tests run a whole building of them.
A part behind a line with a processor of its own at the other end belongs to `firmware_bridge`.
Imports nothing else of ours.
"""
