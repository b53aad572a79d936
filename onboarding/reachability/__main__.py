"""`python -m onboarding.reachability FOLDER`: who can talk to whom, from plain manifests."""

import sys

from onboarding.reachability.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
