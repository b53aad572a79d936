"""The picture of a namespace's neighbours: words in, boxes and arrows with coordinates out.

Pure layout, drawn by templates/namespaces/_graph.html. Who reaches the namespace stands left of it,
whom it reaches right. What a box cannot hold is cut with an ellipsis; the table has it in full.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 960
BOX_WIDTH, BOX_HEIGHT, PITCH, MARGIN, PAD = 220, 56, 72, 16, 12
FRAME_X, FRAME_WIDTH, FRAME_HEAD = 362, 236, 44
LINE = 15
MOST_BOXES = 8
MOST_GROUPS = 6
# The widest a character gets on average at 12 px, in units of the picture.
WIDE, NARROW = 7.3, 6.6


@dataclass(frozen=True)
class Spot:
    """A party in words. `label` stands above its arrow: the open ports, or that it is blocked.

    `is_name` tells that its words are names and no prose. `whom` says which of the namespace's pods
    an arrow is about, "" for all of them. `unsettled` marks an answer that the specification leaves
    open: words under the arrow; of a group of own pods it only changes how the note is drawn.
    """

    name: str
    note: str = ""
    label: str = ""
    is_open: bool = False
    whom: str = ""
    is_name: bool = True
    unsettled: str = ""


@dataclass(frozen=True)
class Box:
    """A frame; `css` is a class of pictures.css."""

    x: int
    y: int
    width: int
    height: int
    css: str


@dataclass(frozen=True)
class Text:
    """Words that begin at x, or have their middle there, on the line y."""

    x: int
    y: int
    words: str
    css: str = ""
    is_centred: bool = False

    @property
    def width(self) -> float:
        """Return at most how wide it gets."""
        return len(self.words) * (WIDE if "m" in self.css.split() else NARROW)


@dataclass(frozen=True)
class Arrow:
    """A line from left to right, with a tip where traffic passes and a cross where it does not."""

    line: str
    mark: str
    is_open: bool


@dataclass(frozen=True)
class Drawing:
    """Everything to be drawn, in order."""

    height: int
    boxes: tuple[Box, ...]
    texts: tuple[Text, ...]
    arrows: tuple[Arrow, ...]
    width: int = WIDTH


def draw(
    name: str, *, groups: Sequence[Spot], senders: Sequence[Spot], takers: Sequence[Spot], more: str
) -> Drawing:
    """Return the picture. `groups` are the namespace's own pods, their notes what they may do.

    Parties with a path come first. `more` has a hole `%d` for how many there is no room for.
    """
    left, right = (sorted(side, key=lambda spot: not spot.is_open) for side in (senders, takers))
    rows = max(_rows(left), _rows(right), 1)
    inner = FRAME_HEAD + min(len(groups), MOST_GROUPS) * PITCH
    height = max(rows * PITCH, inner) + 2 * MARGIN - (PITCH - BOX_HEIGHT)
    canvas = _Canvas()
    canvas.frame(name, groups, height=height - 2 * MARGIN)
    canvas.side(left, x=MARGIN, start=MARGIN + BOX_WIDTH, end=FRAME_X, more=more)
    right_x = WIDTH - MARGIN - BOX_WIDTH
    canvas.side(right, x=right_x, start=FRAME_X + FRAME_WIDTH, end=right_x, more=more)
    return Drawing(height, tuple(canvas.boxes), tuple(canvas.texts), tuple(canvas.arrows))


def fit(words: str, room: int, *, css: str = "") -> str:
    """Return the words, cut with an ellipsis where they are wider than the room."""
    most = max(1, int(room / (WIDE if "m" in css.split() else NARROW)))
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}…"


def _rows(spots: Sequence[Spot]) -> int:
    return min(len(spots), MOST_BOXES + 1)


class _Canvas:
    """What was drawn so far."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.texts: list[Text] = []
        self.arrows: list[Arrow] = []

    def frame(self, name: str, groups: Sequence[Spot], *, height: int) -> None:
        """Draw the namespace with its own pods in it."""
        self.boxes.append(Box(FRAME_X, MARGIN, FRAME_WIDTH, height, "fr me"))
        words = fit(name, FRAME_WIDTH - 2 * PAD, css="m")
        self.texts.append(Text(FRAME_X + PAD, MARGIN + 26, words, "m"))
        for row, group in enumerate(groups[:MOST_GROUPS]):
            y = MARGIN + FRAME_HEAD + row * PITCH
            box = Box(FRAME_X + PAD, y, FRAME_WIDTH - 2 * PAD, BOX_HEIGHT, "pod")
            self._box(box, group, _tone(group))

    def side(self, spots: Sequence[Spot], *, x: int, start: int, end: int, more: str) -> None:
        """Draw one side's parties, and their arrows from `start` to `end`."""
        for row, spot in enumerate(spots[:MOST_BOXES]):
            y = MARGIN + row * PITCH
            self._box(Box(x, y, BOX_WIDTH, BOX_HEIGHT, "fr"), spot, "t2")
            self._arrow(spot, y=y + BOX_HEIGHT // 2, start=start, end=end)
        if len(spots) > MOST_BOXES:
            words = fit(more % (len(spots) - MOST_BOXES), BOX_WIDTH)
            self.texts.append(Text(x, MARGIN + MOST_BOXES * PITCH + 24, words, "t2"))

    def _box(self, box: Box, spot: Spot, note_css: str) -> None:
        room = box.width - 2 * PAD
        self.boxes.append(box)
        css = "m" if spot.is_name else ""
        self.texts.append(Text(box.x + PAD, box.y + 23, fit(spot.name, room, css=css), css))
        if spot.note:
            self.texts.append(Text(box.x + PAD, box.y + 43, fit(spot.note, room), note_css))

    def _arrow(self, spot: Spot, *, y: int, start: int, end: int) -> None:
        middle, room = (start + end) // 2, end - start - PAD
        if spot.is_open:
            self.arrows.append(Arrow(f"M{start} {y}H{end - 10}", _tip(end, y), is_open=True))
        else:
            self.arrows.append(Arrow(f"M{start} {y}H{end}", _cross(middle, y), is_open=False))
        self.texts.append(Text(middle, y - 12, fit(spot.label, room), _tone(spot), is_centred=True))
        below = [(spot.whom, "t2"), (spot.unsettled, "unsure")]
        for row, (words, css) in enumerate(one for one in below if one[0]):
            place = y + 22 + row * LINE
            self.texts.append(Text(middle, place, fit(words, room), css, is_centred=True))


def _tone(spot: Spot) -> str:
    if spot.unsettled:
        return "unsure"
    return "ok" if spot.is_open else "bad"


def _tip(x: int, y: int) -> str:
    return f"M{x} {y}l-11 -6v12z"


def _cross(x: int, y: int) -> str:
    return f"M{x - 7} {y - 7}l14 14M{x + 7} {y - 7}l-14 14"
