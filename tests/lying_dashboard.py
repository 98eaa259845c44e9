"""A dashboard in other hands: it has a trusted key and true records, and answers a site that lost its tail as the test says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec
import paho.mqtt.client as mqtt

from controller.record.canonical import canonical
from controller.record.keys import KeyPair, PublicKeys
from controller.record.private import PrivateRow
from controller.record.sealed import seal
from controller.record.signed import open_message, sign_message
from controller.record.topics import Recover, Recovered, Topics

Lie = Callable[["LyingDashboard", Recover], Recovered | None]


@dataclass
class LyingDashboard:
    """`records` are the true ones; `lie` makes the answer to a question for records, or none."""

    key: KeyPair
    site: PublicKeys
    topics: Topics
    note: str
    records: list[bytes]
    lie: Lie
    asked: list[Recover] = field(default_factory=list)

    def truth(self, asked: Recover, most: int = 200) -> Recovered:
        """What an honest one would say, without private rows."""
        last = asked.first - 1 + most
        texts = tuple(data.decode() for data in self.records[asked.first - 1 : last]) if asked.first else ()
        return Recovered(asked.request, self.key.public.text(), self.note, asked.epoch, asked.first, texts, ())

    def sealed(self, row: PrivateRow) -> str:
        """A private row as the site can open it."""
        topic = self.topics.recovered(self.key.public.id)
        return seal(self.site.sealing, topic.encode(), canonical(row)).hex()

    def answer(self, payload: bytes) -> bytes | None:
        """The signed answer to a message on `recover`."""
        asked = msgspec.json.decode(open_message(self.site.signing, self.topics.recover, payload), type=Recover)
        if asked.dashboard not in ("", self.key.public.id):
            return None
        if asked.first:
            self.asked.append(asked)
        said = self.lie(self, asked) if asked.first else self.truth(asked)
        return None if said is None else sign_message(self.key, self.topics.recovered(self.key.public.id), said)


@contextmanager
def on_air(liar: LyingDashboard, host: str, port: int) -> Iterator[LyingDashboard]:
    """Answers until the end of the block."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="liar", protocol=mqtt.MQTTv5)

    def on_message(_client: object, _userdata: object, message: mqtt.MQTTMessage) -> None:
        if (said := liar.answer(message.payload)) is not None:
            client.publish(liar.topics.recovered(liar.key.public.id), said, qos=1)

    client.on_connect = lambda *_: client.subscribe(liar.topics.recover, 1)
    client.on_message = on_message
    client.connect(host, port)
    client.loop_start()
    try:
        yield liar
    finally:
        client.disconnect()
        client.loop_stop()
