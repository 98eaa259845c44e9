"""The dashboard of an organisation: follows any number of sites, shows what they recorded, and sends them requests.

It holds copies and decides nothing: what a site's controller has committed is the truth, and its rules accept or refuse.

* `intake/` MQTT in: stores and folds records, witnesses checkpoints, keeps states and private rows
* `outbox` requests out, durable until answered
* `database`, `config`, `runtime`: the tables, `dashboard.toml`, and what the parts share
* `web/`, `views/`, `read/`: Flask
* `cli` composes them

Of the controller it imports `controller.record`, the published language, and nothing else.
"""
