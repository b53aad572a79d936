"""Prometheus' own tool, built from its Go module: it checks the alert rules and tests them.

`python -m devtools.promtool` does both: `deploy/alerts.yaml` by `deploy/alerts-test.yaml`.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

from devcluster.building import Build, BuildFailed, Say, built, cache_folder, say_on_stderr
from devtools.places import ROOT

SOURCE = Path(__file__).with_suffix("")
PACKAGE = "github.com/prometheus/prometheus/cmd/promtool"
# Rules are judged without finding anybody to scrape: that is a third of the program.
TAGS = "remove_all_sd"
ALERTS, TESTS = ROOT / "deploy" / "alerts.yaml", ROOT / "deploy" / "alerts-test.yaml"


def main() -> int:
    """Check the rules, then test them. Returns 0 if both passed."""
    try:
        program = str(find_promtool())
    except BuildFailed as error:
        print(f"no promtool: {error}", file=sys.stderr)
        return 1
    checks = ((program, "check", "rules", str(ALERTS)), (program, "test", "rules", str(TESTS)))
    return max(subprocess.run(check, check=False).returncode for check in checks)


def find_promtool(say: Say = say_on_stderr) -> Path:
    """The program, built on the first call on a machine. Raises BuildFailed."""
    digest = hashlib.sha256((SOURCE / "go.sum").read_bytes()).hexdigest()
    build = Build(
        name="promtool",
        wanted=cache_folder() / "promtool" / digest[:10],
        programs=("promtool",),
        source=SOURCE,
        command=_command,
        takes="about two minutes on two cores, once",
    )
    return built(build, say) / "promtool"


def _command(go: Path, folder: Path) -> list[str]:
    linker = ("-trimpath", "-tags", TAGS, "-ldflags", "-s -w")
    return [str(go), "build", *linker, "-o", f"{folder}/", PACKAGE]


if __name__ == "__main__":
    sys.exit(main())
