"""The first run: what a data directory needs before its doors can be kept (`sekimori setup`).

* `questions` what is asked, and where the answer stands in `site.toml`; `found` what can be suggested
* `template` the answers as an annotated `site.toml`, written once and never over another
* `people` who shall be an operator; `standing` what is there already

Nothing here asks or prints; that is `controller.cli.setup`.
"""
