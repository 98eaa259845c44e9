"""Engines for access policies that others use, on the same policy: pycasbin (the Python one) and regorus (Rego, in Rust).

Each is given who may enter which zone, from when until when and at which hours, and is asked the door's question. They know
neither badges nor records; what they are asked is the smaller half of what the product decides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

PEOPLE, RIGHTS_EACH = 1_000, 10
"""10,000 rights: with more pycasbin, which looks at each, does not end."""

_CASBIN = """
[request_definition]
r = person, zone, now, minute
[policy_definition]
p = person, zone, begin, end, opens, closes
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.person == p.person && r.zone == p.zone && r.now >= p.begin && r.now < p.end && r.minute >= p.opens && r.minute < p.closes
"""

_REGO = """
package door
import rego.v1
default allow := false
allow if {
    some right in data.rights[input.person][input.zone]
    right.begin <= input.now
    input.now < right.end
    right.opens <= input.minute
    input.minute < right.closes
}
"""

Ask = Callable[[int, int], bool]
"""Whether a person may enter a zone now."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One of them, filled."""

    name: str
    ask: Ask


def peers(zone_of: Callable[[int, int], int]) -> list[Peer]:
    """Those that are installed, with the rights of `PEOPLE` people; `zone_of` answers a person's k-th zone."""
    found = []
    if find_spec("casbin") is not None:
        found.append(Peer("pycasbin", _casbin(zone_of)))
    if find_spec("regorus") is not None:
        found.append(Peer("regorus", _regorus(zone_of)))
    return found


def _casbin(zone_of: Callable[[int, int], int]) -> Ask:
    import casbin

    model = casbin.Model()
    model.load_model_from_text(_CASBIN)
    enforcer = casbin.Enforcer(model)
    enforcer.add_policies(
        [
            [str(p), str(zone_of(p, k)), "2026-01-01", "2033-01-01", "00:00", "24:00"]
            for p in range(1, PEOPLE + 1)
            for k in range(RIGHTS_EACH)
        ]
    )

    def ask(person: int, zone: int) -> bool:
        return bool(enforcer.enforce(str(person), str(zone), "2026-11-24", "10:00"))

    return ask


def _regorus(zone_of: Callable[[int, int], int]) -> Ask:
    import json

    from regorus import Engine

    right = {"begin": 0, "end": 2_000_000_000, "opens": 0, "closes": 1440}
    rights = {str(p): {str(zone_of(p, k)): [right] for k in range(RIGHTS_EACH)} for p in range(1, PEOPLE + 1)}
    engine = Engine()
    engine.add_policy("door.rego", _REGO)
    engine.add_data_json(json.dumps({"rights": rights}))

    def ask(person: int, zone: int) -> bool:
        engine.set_input({"person": str(person), "zone": str(zone), "now": 1_800_000_000, "minute": 600})
        return bool(engine.eval_rule("data.door.allow"))

    return ask
