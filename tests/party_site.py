"""The small site of `sites.py` with a vault for two, visitors in the lab, and the people for both."""

from sites import SITE_TOML, TestSite, digest, give_right, leaf, people

from controller.record import asks as ask

TEXT = SITE_TOML.replace('id = "lab"\n', 'id = "lab"\nescort_ratio = 2\n', 1)
TEXT = TEXT.replace('id = "vault"\n', 'id = "vault"\ntwo_person = true\n', 1)
TEXT += '[[portal.reader]]\ndevice = "nfc+udp://127.0.0.1:54325"\nside = "out"\n'

A, B, C, VISITOR, GUEST, THIRD = 1, 2, 6, 7, 8, 9
"""A may escort; B and C may not; the others have to be escorted. A, B and C may into the vault, VISITOR with an escort."""


def staffed(site: TestSite) -> TestSite:
    """Everybody's badges `card:N` and rights."""
    people(site)
    for number in range(5, 10):
        assert site.asks(ask.RegisterPerson()) is None
        site.console("enrol.card", person=number, credential=digest(f"card:{number}"), assurance=2, label=f"{number}")
    for person in (A, B, C):
        give_right(site, person, "vault", manner="escort" if person == A else "own")
    give_right(site, A, "lab", manner="escort")
    give_right(site, C, "lab")
    for person in (VISITOR, GUEST, THIRD):
        give_right(site, person, "lab", manner="escorted")
    give_right(site, VISITOR, "vault", manner="escorted")
    site.turn(leaf("front", False), leaf("lab-door", False), leaf("vault-door", False))
    return site
