"""Characters that turn, hide or break what stands around them, and how they are shown instead.

Free text of people and answers of clusters may hold them; nobody who reads may be misled by it.
What turns text: Unicode 16, UAX #9 (explicit and implicit directional formatting characters). What
hides: its controls, formats, ignorable and blank characters, but for those that are visible.
Joiners and variation selectors stay where emoji and scripts need them; flags made of tags do not.
"""

import re

# Written as numbers: in an editor they would do here what they are named for.
_RANGES = (
    (0x0000, 0x0008), (0x000B, 0x000C), (0x000E, 0x001F), (0x007F, 0x009F),  # controls
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160),
    (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F),
    (0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB), (0x13430, 0x1343F), (0x16FE4, 0x16FE4), (0x1BCA0, 0x1BCA3),
    (0x1D159, 0x1D159), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
_JOINERS = range(0x200C, 0x200E)
_VARIATIONS = range(0xFE00, 0xFE10)
_INVISIBLE = re.compile("[" + "".join(f"{chr(a)}-{chr(z)}" for a, z in _RANGES) + "]")
# What a joiner may follow: letters of scripts that join (Arabic to Myanmar, Khmer, Mongolian, and
# their likes of later blocks), signs and emoji. Not Latin, Greek, Cyrillic or Hebrew.
_JOINING = re.compile(
    "[\u0600-\u109f\u1780-\u180a\u1810-\u18af\u1900-\u1cff\u2600-\u27bf\u2b00-\u2bff"
    "\ua800-\uabff\ufb50-\ufdff\ufe0f\ufe70-\ufefc\U00010a00-\U00011fff\U0001f000-\U0001faff]"
)
_VARYING = re.compile("[0-9#*\u00a9\u00ae\u2000-\ufdff\ufe10-\U000dffff]")
# What no form of ours can mean: a control that is no line, half a surrogate pair.
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def shown(text: str) -> str:
    """Return the text with every such character named, e.g. U+202E as ⟨U+202E⟩."""
    return _INVISIBLE.sub(_named, text)


def _named(found: re.Match[str]) -> str:
    number, before = ord(found.group()), found.string[max(found.start() - 1, 0) : found.start()]
    is_needed = (number in _JOINERS and _JOINING.match(before)) or (
        number in _VARIATIONS and _VARYING.match(before)
    )
    return found.group() if is_needed else f"⟨U+{number:04X}⟩"


def unstorable_in(text: str) -> str:
    """Return the first character that no form of ours can mean, by its number; "" for none."""
    found = _UNSTORABLE.search(text)
    return f"U+{ord(found.group()):04X}" if found else ""
