"""`python -m onboarding.reachability.lint > docs/lint.md`: the page about all codes."""

import sys

from onboarding.reachability.lint import CODES
from onboarding.reachability.lint.documentation import render

sys.stdout.write(render(CODES))
