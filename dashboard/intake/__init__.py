"""What comes in: from a site's messages to rows, each batch one transaction, acknowledged after its commit.

* `connection` MQTT: one fresh client a connection; its callbacks put into a bounded queue and do nothing else
* `subscriber` the one thread that empties the queue, and the only writer of what sites say
* `intake` which message is whose, and whether the site said it
* `ledger` records: stored at once, folded in order of `seq`; `fold` their rows; `batch` all rows of one transaction
* `witness` checkpoints against the records that are here
* `standing` online, states, private rows, replies
* `resend` asks for records that are missing, `missing_texts` for private rows
* `witnessed` tells sites which checkpoint is held here, `recovery` gives them back what they lost
* `rebuild` folds everything anew from the stored bytes

A message that does not check is counted and passed over; nothing that comes in may stop the thread. A contradiction in a
site's history stops its fold and stays on the page: this is the witness's one sentence, and no later message takes it back.
"""
