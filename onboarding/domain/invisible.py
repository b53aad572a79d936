"""Characters that turn, hide or break what stands around them, and how they are shown instead.

Free text of people and answers of clusters may hold them; nobody who reads may be misled by it.
What turns text: Unicode 16, UAX #9 (explicit and implicit directional formatting characters).
"""

import re
import unicodedata

_LINES = "\t\n\r"
# Written as numbers: in an editor they would do here what they are named for.
_RANGES = (
    (0x0000, 0x0008), (0x000B, 0x000C), (0x000E, 0x001F), (0x007F, 0x009F),  # controls
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160),
    (0x17B4, 0x17B5), (0x180E, 0x180E), (0x200B, 0x200F), (0x2028, 0x202E),
    (0x2060, 0x206F), (0x3164, 0x3164), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0),
    (0xFFF9, 0xFFFB), (0xE0000, 0xE007F),
)  # fmt: skip
_INVISIBLE = re.compile("[" + "".join(f"{chr(a)}-{chr(z)}" for a, z in _RANGES) + "]")


def shown(text: str) -> str:
    """Return the text with every such character named, e.g. U+202E as ⟨U+202E⟩."""
    return _INVISIBLE.sub(lambda found: f"⟨U+{ord(found.group()):04X}⟩", text)


def is_unstorable(character: str) -> bool:
    """Return whether no form of ours can mean it: a control that is no line, a lone surrogate."""
    if character in _LINES:
        return False
    return character < " " or unicodedata.category(character) == "Cs"


def unstorable_in(text: str) -> str:
    """Return the first character that `is_unstorable`, by its number; "" where there is none."""
    found = next(filter(is_unstorable, text), "")
    return f"U+{ord(found):04X}" if found else ""
