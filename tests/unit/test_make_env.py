"""The environment files of docker-compose.yml, as deploy/make_env.py writes and upgrades them."""

import base64
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
Files = dict[str, dict[str, str]]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of the script, which writes beside itself."""
    shutil.copy(ROOT / "deploy/make_env.py", folder)
    script = str(folder / "make_env.py")
    return subprocess.run(
        [sys.executable, script, *arguments], check=False, capture_output=True, text=True
    )


def make_env(folder: Path, *arguments: str) -> Files:
    """Run it; return what its files say."""
    run(folder, *arguments).check_returncode()
    return {
        path.name: dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
        for path in (folder / "env").iterdir()
    }


def test_m15_the_portal_connects_as_the_role_that_is_granted(tmp_path: Path) -> None:
    files = make_env(tmp_path, "portal.example.org")
    given = files["postgres.env"]
    owner, application = given["OWNER_PASSWORD"], given["APPLICATION_PASSWORD"]
    assert f"//bulkhead:{owner}@" in files["migrate.env"]["BULKHEAD_DATABASE_URL"]
    assert f"//bulkhead_app:{application}@" in files["portal.env"]["BULKHEAD_DATABASE_URL"]
    assert "grant_application_role bulkhead_app" in SERVICES["migrate"]["command"][-1]


def test_nobody_but_the_server_is_given_its_superuser(tmp_path: Path) -> None:
    files = make_env(tmp_path, "portal.example.org")
    superuser = files["postgres.env"]
    assert superuser["POSTGRES_USER"] == "postgres"
    others = (tmp_path / "env" / name for name in files if name != "postgres.env")
    assert not any(superuser["POSTGRES_PASSWORD"] in path.read_text() for path in others)
    script = (ROOT / "deploy/postgres/roles.sh").read_text()
    assert script.count(" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE ") == 2


def test_the_token_of_metrics_is_for_the_web_process_alone(tmp_path: Path) -> None:
    files = make_env(tmp_path, "portal.example.org")
    assert len(files["web.env"]["BULKHEAD_METRICS_TOKEN"]) >= 32
    given = {name for name, one in SERVICES.items() if "web.env" in str(one.get("env_file"))}
    assert given == {"web"}


def test_every_file_is_its_owners_alone_and_named_in_the_compose_file(tmp_path: Path) -> None:
    files = make_env(tmp_path, "portal.example.org")
    named = {Path(path).name for one in SERVICES.values() for path in one.get("env_file", ())}
    assert named == set(files)
    for path in (tmp_path / "env").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_files_that_are_there_are_left_alone(tmp_path: Path) -> None:
    files = make_env(tmp_path, "portal.example.org")
    assert run(tmp_path, "other.example.org").returncode == 1
    assert make_env(tmp_path, "--upgrade") == files


@pytest.mark.parametrize(
    "written",
    [
        "https://portal.example.org",
        "portal.example.org/",
        "portal.example.org:8443",
        "portal .example.org",
        "portal..example.org",
        "*.example.org",
        "portal.example.org,other",
    ],
)
def test_what_is_no_name_of_a_host_is_refused(tmp_path: Path, written: str) -> None:
    refused = run(tmp_path, written)
    assert refused.returncode == 2
    assert "is no name of a host" in refused.stderr
    assert not (tmp_path / "env").exists()


def test_the_port_that_browsers_go_to_is_in_the_origin_only(tmp_path: Path) -> None:
    portal = make_env(tmp_path, "portal.example.org", "--port", "8443")["portal.env"]
    assert portal["BULKHEAD_ALLOWED_HOSTS"] == "portal.example.org"
    assert portal["BULKHEAD_TRUSTED_ORIGINS"] == "https://portal.example.org:8443"


def test_without_tls_it_is_tried_on_this_machine_only(tmp_path: Path) -> None:
    refused = run(tmp_path, "--plain-http", "portal.example.org")
    assert "reads the passwords" in refused.stderr
    portal = make_env(tmp_path, "--plain-http", "localhost")["portal.env"]
    assert (portal["BULKHEAD_HTTPS"], portal["BULKHEAD_TRUSTED_PROXIES"]) == ("0", "0")
    assert portal["BULKHEAD_TRUSTED_ORIGINS"] == "http://localhost:8000"


OLD = "postgres://bulkhead:secret@postgres:5432/bulkhead"


@pytest.fixture
def old_files(tmp_path: Path) -> Path:
    """The folder of a release that knew one role, no key of second factors and no proxy."""
    (tmp_path / "env").mkdir()
    (tmp_path / "env/portal.env").write_text(
        f"# ours\nBULKHEAD_ALLOWED_HOSTS=a.example.org, b\nBULKHEAD_DATABASE_URL={OLD}\n"
    )
    return tmp_path


def test_m15_files_of_one_role_become_files_of_two(old_files: Path) -> None:
    files = make_env(old_files, "--upgrade")
    password = files["migrate.env"]["BULKHEAD_APPLICATION_PASSWORD"]
    assert files["migrate.env"]["BULKHEAD_DATABASE_URL"] == OLD
    assert f"//bulkhead_app:{password}@" in files["portal.env"]["BULKHEAD_DATABASE_URL"]
    kept = "# ours\nBULKHEAD_ALLOWED_HOSTS=a.example.org, b\nBULKHEAD_"
    assert (old_files / "env/portal.env").read_text().startswith(kept)
    assert stat.S_IMODE((old_files / "env/portal.env").stat().st_mode) == 0o600


def test_an_upgrade_adds_the_key_of_second_factors_and_keeps_it(old_files: Path) -> None:
    files = make_env(old_files, "--upgrade")
    assert len(base64.b64decode(files["portal.env"]["BULKHEAD_SECOND_FACTOR_KEYS"])) == 32
    assert make_env(old_files, "--upgrade") == files


def test_an_upgrade_adds_the_proxys_file(old_files: Path) -> None:
    assert make_env(old_files, "--upgrade")["proxy.env"] == {"PORTAL_HOST": "a.example.org"}


def test_an_upgrade_adds_the_token_of_metrics_and_keeps_it(old_files: Path) -> None:
    files = make_env(old_files, "--upgrade")
    assert len(files["web.env"]["BULKHEAD_METRICS_TOKEN"]) >= 32
    assert stat.S_IMODE((old_files / "env/web.env").stat().st_mode) == 0o600
    assert make_env(old_files, "--upgrade") == files


def test_a_token_that_is_in_use_stays_the_one(old_files: Path) -> None:
    with (old_files / "env/portal.env").open("a") as file:
        file.write("BULKHEAD_METRICS_TOKEN=that-of-the-scraper-there\n")
    files = make_env(old_files, "--upgrade")
    assert files["web.env"] == {"BULKHEAD_METRICS_TOKEN": "that-of-the-scraper-there"}


def test_an_upgrade_that_was_cut_off_goes_on_with_the_same_password(old_files: Path) -> None:
    cut_off = (old_files / "env/portal.env").read_text()
    migrate = make_env(old_files, "--upgrade")["migrate.env"]
    (old_files / "env/portal.env").write_text(cut_off)
    (old_files / "env/portal.env.new").write_text("BULKHEAD_DATABASE_URL=post")
    files = make_env(old_files, "--upgrade")
    assert files["migrate.env"] == migrate
    assert migrate["BULKHEAD_APPLICATION_PASSWORD"] in files["portal.env"]["BULKHEAD_DATABASE_URL"]


def test_a_new_environment_has_what_an_upgrade_adds(tmp_path: Path) -> None:
    files = make_env(tmp_path, "portal.example.org")
    assert make_env(tmp_path, "--upgrade") == files
