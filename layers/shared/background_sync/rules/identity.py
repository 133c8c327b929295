"""Who a contact is: the digits of the phone, or the business-scoped user id of people without one."""

import re

_NOT_DIGITS = re.compile(r"\D", re.ASCII)


def digits(phone: str) -> str:
    """A phone by its digits alone: `+62 823-9250` and `628239250` are one person."""
    return _NOT_DIGITS.sub("", phone)
