"""Who is told what falls due, by which service, and when: one bundled message a person and day, and what is escalated at once.

How it goes. A site's records say that something has come to a stage (`due.reached`); they fold into the table `due`. A thread
of its own (`sender`) compares that table with the table `notice` and writes down who is to be told of what (`notices`): so
nothing depends on having seen a record come, and a notice is there once. At the set time, or at once for what is escalated, it
composes one message a person (`message`), hands it to their service (`delivery`), and only then marks the notices as told: a
process that is killed in between tells the same once more, and none is lost.

What is said is how much is due and of which sort, with a link; no name, no number of a thing, no text that somebody typed
(ux §1.10). The addresses of services hold passwords and tokens: they stand in a file of their own that nobody else may read,
what people entered as theirs in another, and neither is ever in a log, an error, an argument or a page.
"""
