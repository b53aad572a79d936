"""Our side of the comparison, as small as the peer's: read a folder, answer, say what it took.

    python -m bench.rig.answering_once FOLDER    one JSON line of processor seconds

Imports nothing but the engine, because the whole process is counted.
"""

import json
import sys
import time

from onboarding.reachability.estate import Estate
from onboarding.reachability.reading import load


def main(folder: str) -> int:
    began = time.process_time()
    world = load(folder).world
    read = time.process_time()
    pairs = sum(count_pairs(Estate(world)))
    done = time.process_time()
    print(json.dumps({"read": read - began, "answer": done - read, "pairs": pairs}))
    return 0


def count_pairs(estate: Estate) -> list[int]:
    """Work every port class out; return how many pairs each connects."""
    return [
        sum(map(int.bit_count, estate.rows(number))) for number in range(len(estate.port_classes))
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
