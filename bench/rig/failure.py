"""The one way a benchmark fails, apart from what raises it: caught before Django is set up."""


class BenchFailed(Exception):
    """A contender did not finish its work, so its numbers mean nothing; the message says which."""
