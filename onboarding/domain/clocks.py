"""When two clocks agree."""

from datetime import timedelta

CLOCKS_AGREE = timedelta(seconds=5)  # within this a difference is not worth a word
