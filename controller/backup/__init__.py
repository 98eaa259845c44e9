"""Backups: everything that makes a site, as of one moment, in one file that only the holder of a key far away can read.

A backup is an age file (age-encryption.org, X25519) around a plain tar archive: `age -d -i IDENTITY FILE | tar x` opens it
without anything of ours. In the archive come first `manifest.json`, then the small files (`site.toml`, `keys/`, and files of
the data directory that the settings name), then the ledger with its private store. Other names do not exist, so a restore
can write nowhere else. age says who may read, not who wrote: whoever knows the recipient could make such a file. A restore
therefore believes nothing in it but its records, under their checkpoints: it verifies them and folds the tables anew.

* `archive` the form: manifest, members, and both ways of reading it
* `identities` recipients and identities, the two halves of age's keys
* `taking` makes a backup, `restoring` puts one in place, `comparison` says what that would change
"""
