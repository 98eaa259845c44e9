"""Requests about containers, assets, who answers for a place, and labels. Each gathers the facts and asks the rule."""

from controller.desk.asked import Asked, Rule
from controller.ledger.ledger import fresh_salt
from controller.record.kinds.asset import TEXTS
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules import asset, container, keeper, label
from controller.rules.outcome import Outcome, Refusal
from controller.rules.schedule import WallClock
from controller.storage_facts import assets, containers, keepers
from controller.storage_facts.places import Places

# Containers -------------------------------------------------------------------------------------------------------------


def _register_container(asked: Asked) -> Outcome | Refusal:
    connection, body = asked.facts.connection, asked.body
    return container.register(
        body,
        asked.operator,
        taken=containers.taken(connection, asked.facility.zones),
        target=containers.target(Places(connection), body.zone),
        text=asked.private(f"container-{body.container}"),
    )


def _move_container(asked: Asked) -> Outcome | Refusal:
    connection, body = asked.facts.connection, asked.body
    places = Places(connection)
    return container.move(
        containers.standing(connection, places, body.container),
        containers.target(places, body.zone),
        asked.operator,
        asked.private(f"reason-{asked.id}"),
    )


def _retire_container(asked: Asked) -> Outcome | Refusal:
    connection = asked.facts.connection
    found = containers.standing(connection, Places(connection), asked.body.container)
    return container.retire(found, asked.operator, asked.private(f"reason-{asked.id}"))


# Keepers ----------------------------------------------------------------------------------------------------------------


def _propose_keeper(asked: Asked) -> Outcome | Refusal:
    body, facts = asked.body, asked.facts
    return keeper.propose(
        body,
        asked.operator,
        number=facts.next("appointment"),
        there=body.place in Places(facts.connection),
        states=(facts.person_state(body.manager), facts.person_state(body.deputy)),
    )


def _approve_keeper(asked: Asked) -> Outcome | Refusal:
    return keeper.approve(keepers.proposal(asked.facts.connection, asked.body.appointment), asked.operator)


def _decline_keeper(asked: Asked) -> Outcome | Refusal:
    return keeper.decline(keepers.proposal(asked.facts.connection, asked.body.appointment), asked.operator)


# Assets -----------------------------------------------------------------------------------------------------------------


def _known(asked: Asked) -> asset.Known:
    wall = WallClock(asked.facility.timezone, asked.now)
    return asset.Known(Places(asked.facts.connection), asked.facility.conditions, wall)


def _register_asset(asked: Asked) -> Outcome | Refusal:
    number = asked.facts.next("asset")
    text = asked.private(f"asset-{number}")
    return asset.register(asked.body, asked.operator, number=number, text=text, known=_known(asked))


def _change_asset(asked: Asked) -> Outcome | Refusal:
    found = assets.entered(asked.facts.connection, asked.body.asset)
    text = asked.private("asset-0") if found is None else asked.private(found.private, found.version + 1)
    return asset.change(asked.body, asked.operator, found=found, text=text, known=_known(asked))


def _withdraw_asset(asked: Asked) -> Outcome | Refusal:
    found = assets.entered(asked.facts.connection, asked.body.asset)
    there = found is not None and found.place in Places(asked.facts.connection)
    return asset.withdraw(asked.body, asked.operator, found, there)


def _import_assets(asked: Asked) -> Outcome | Refusal:
    first, rows = asked.facts.next("asset"), asked.body.rows
    stray = next((name for name in asked.text if int(name.partition(".")[2]) >= len(rows)), None)
    if stray is not None:
        return Refusal(Code.FORM, f"private.{stray}")
    texts = [
        PrivateRow(
            f"asset-{first + n}",
            1,
            {name: asked.text[f"{name}.{n}"] for name in TEXTS if f"{name}.{n}" in asked.text},
            fresh_salt(),
        )
        for n in range(len(rows))
    ]
    return asset.bring_in(rows, asked.operator, texts=texts, first=first, known=_known(asked))


# Labels -----------------------------------------------------------------------------------------------------------------


def _print_label(asked: Asked) -> Outcome | Refusal:
    connection, place = asked.facts.connection, asked.body.place
    places = Places(connection)
    holds = None
    if place in places:
        holds = label.Holds(assets.secrecy(connection, place, places), keepers.of(connection, place))
    return label.print_(asked.body, asked.operator, asked.facts.next("label"), holds)


RULES: dict[str, Rule] = {
    "container.register": _register_container,
    "container.move": _move_container,
    "container.retire": _retire_container,
    "keeper.propose": _propose_keeper,
    "keeper.approve": _approve_keeper,
    "keeper.decline": _decline_keeper,
    "asset.register": _register_asset,
    "asset.change": _change_asset,
    "asset.withdraw": _withdraw_asset,
    "assets.import": _import_assets,
    "label.print": _print_label,
}
