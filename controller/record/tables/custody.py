"""The tables of the custody ledger: what was taken out, copied, handed out and disposed of (C4.1, C4.2, C8.5, C9.1)."""

from controller.record.tables.shape import Table

TABLES: tuple[Table, ...] = (
    # stickers on things: the keyed digest of what one claims to be, and the thing as `asset:3`; they prove nothing (C9.1)
    Table("sticker", {"sticker": str, "thing": str, "at": str, "seq": int}, ("sticker",), (("thing",),)),
)
