"""`sekimori run`: the controller itself, until SIGTERM."""

from controller.app import Controller
from controller.cli.command import command
from controller.cli.log import end_on_bug
from controller.cli.options import AsJson, Data, Language


@command
def run(data: Data, lang: Language, as_json: AsJson = False) -> int:
    """Everything this does is in the ledger and, for the machine's keeper, in the log on standard error."""
    end_on_bug()
    return Controller(data).run()
