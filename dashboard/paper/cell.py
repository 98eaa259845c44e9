"""A cell that a spreadsheet takes for text."""

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def plain_cell(value: object) -> object:
    """The value; text that begins like a formula gets an apostrophe in front.

    Excel in Japanese takes the full-width signs for the same (OWASP, "CSV injection").
    """
    if not isinstance(value, str):
        return "" if value is None else value
    formula = value.lstrip().startswith(_FORMULA) or value.startswith(("\t", "\r", "\n"))
    return f"'{value}" if formula else value
