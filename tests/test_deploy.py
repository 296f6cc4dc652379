"""What is in ``deploy/`` fits the program: settings that exist, no secrets, few rights, probes that are answered.

No container is built here. The chart is rendered where ``helm`` is installed; everywhere else its templates are read
as they are.
"""

import ast
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from fanfold.serving.metrics import load_metrics
from fanfold.settings import Settings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "fanfold"
TEMPLATES = {path.name: path.read_text() for path in sorted((CHART / "templates").iterdir())}
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()

SETTINGS = set(Settings.__struct_fields__)
KEY = "FANFOLD_KEY"
VARIABLES = {f"FANFOLD_{name.upper()}" for name in SETTINGS} | {KEY, "FANFOLD_TOKEN"}


def every_file():
    return [path for path in DEPLOY.rglob("*") if path.is_file()]


@pytest.mark.parametrize("path", every_file(), ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_variable_is_a_setting(path):
    assert set(re.findall(r"FANFOLD_[A-Z_]+", path.read_text())) <= VARIABLES


@pytest.mark.parametrize("text", [(DEPLOY / "fanfold.toml").read_text(), VALUES["settings"]])
def test_every_line_of_a_settings_file_is_a_setting(text):
    assert tomllib.loads(text).keys() <= SETTINGS


@pytest.mark.parametrize("path", every_file(), ids=lambda path: str(path.relative_to(DEPLOY)))
def test_no_secret_is_written_down(path):
    found = re.findall(r"(?i)(?:password|secret|token|key)[ \t]*[:=][ \t]*[\"']?([\w/+-]{12,})", path.read_text())
    assert found == []


def test_every_line_of_the_environment_is_to_be_filled_in():
    lines = [line for line in (DEPLOY / "env.example").read_text().splitlines() if line and not line.startswith("#")]
    assert all(line.endswith("=") for line in lines)
    wanted = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    assert {line.rstrip("=") for line in lines} == wanted


# -- the composition ---------------------------------------------------------------------------------------------------


def test_nothing_starts_while_a_password_is_missing():
    assert re.findall(r"\$\{\w+(?!\w*:\?)[^}]*\}", (DEPLOY / "compose.yaml").read_text()) == []


def test_there_are_workers_a_database_limits_and_somebody_who_looks():
    assert COMPOSE["services"].keys() == {"fanfold", "postgres", "redis", "prometheus"}
    environment = COMPOSE["services"]["fanfold"]["environment"]
    assert environment["FANFOLD_WORKERS"] == "3"
    assert environment["FANFOLD_DB"].startswith("postgresql://")
    assert environment["FANFOLD_REDIS"].startswith("redis://")


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_nobody_gets_more_rights_than_needed(name):
    service = COMPOSE["services"][name]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged")
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:")
    if name != "postgres":
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]


def test_what_is_kept_is_in_a_volume_that_exists():
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).is_file()


def test_it_is_given_the_time_that_it_takes_to_stop():
    told = tomllib.loads((DEPLOY / "fanfold.toml").read_text())
    needed = told["drain_delay"] + 2 * told["drain_timeout"] + 10
    assert int(COMPOSE["services"]["fanfold"]["stop_grace_period"].rstrip("s")) >= needed


def test_what_prometheus_reads_is_what_is_shown():
    scraped = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    (job,) = scraped["scrape_configs"]
    assert job["metrics_path"] == "/-/metrics"
    assert job["static_configs"] == [{"targets": ["fanfold:8480"]}]
    assert tomllib.loads((DEPLOY / "fanfold.toml").read_text())["metrics"] is True


def test_every_metric_that_is_watched_exists():
    library = pytest.importorskip("prometheus_client")
    registry = library.CollectorRegistry()
    load_metrics(registry)
    known = {metric.name for metric in registry.collect()}
    for group in yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            names = re.findall(r"\bfanfold_\w+", rule["expr"])
            assert {re.sub(r"_(total|count|bucket|sum)$", "", name) for name in names} <= known


# -- the image ---------------------------------------------------------------------------------------------------------


def test_the_image_runs_as_nobody_and_asks_whether_it_is_alive():
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)
    assert "--require-hashes" in DOCKERFILE
    command = json.loads(re.search(r"^HEALTHCHECK .*\\\n\s+CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)[1])
    assert command[:2] == ["python", "-c"]
    ast.parse(command[2])
    assert "/healthz" in command[2]


def test_what_the_image_is_built_from_is_let_in():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    copied = [words.split()[:-1] for words in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)]
    for source in [source for sources in copied for source in sources]:
        assert (ROOT / source).exists()
        assert f"!{source}" in ignored


def pins(path):
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", path.read_text(), re.MULTILINE))


def test_the_image_has_the_versions_that_were_tested():
    tested, built = pins(ROOT / "requirements.lock"), pins(DEPLOY / "requirements.lock")
    assert built.items() <= tested.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [line for extra, lines in extras.items() if extra != "all" for line in lines] + project["dependencies"]
    assert {re.match(r"[\w-]+", line)[0].lower() for line in wanted} <= built.keys()


# -- the chart ---------------------------------------------------------------------------------------------------------


def value_at(path):
    found = VALUES
    for name in path.split("."):
        found = found[name]
    return found


def test_every_value_that_is_used_is_there_and_every_one_there_is_used():
    used = set(re.findall(r"\.Values\.([\w.]+)", "".join(TEMPLATES.values())))
    for path in used:
        value_at(path)
    assert VALUES.keys() == {path.partition(".")[0] for path in used}


def test_pods_are_given_the_time_that_they_take_to_stop():
    assert "{{ add .Values.drainDelay (mul 2 .Values.drainTimeout) 10 }}" in TEMPLATES["deployment.yaml"]


def test_pods_notice_that_one_stops_before_it_closes_its_door():
    probe = re.search(r"readinessProbe:(.*?)resources", TEMPLATES["deployment.yaml"], re.DOTALL)[1]
    period, patience = (int(re.search(rf"{name}: (\d+)", probe)[1]) for name in ("periodSeconds", "timeoutSeconds"))
    assert VALUES["drainDelay"] > period + patience


@pytest.fixture(scope="module")
def rendered():
    helm = shutil.which("helm")
    if helm is None:
        pytest.skip("helm is not installed")
    switches = ("serviceMonitor.enabled=true", "networkPolicy.enabled=true", "workers=2")
    command = [helm, "template", "mine", str(CHART), *(word for switch in switches for word in ("--set", switch))]
    text = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    return {document["kind"]: document for document in yaml.safe_load_all(text) if document}


def test_the_chart_renders(rendered):
    assert rendered.keys() == {
        *("Deployment", "Service", "ConfigMap", "PodDisruptionBudget", "ServiceMonitor", "NetworkPolicy")
    }
    pod = rendered["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert {variable["name"]: variable["value"] for variable in container["env"]}["FANFOLD_FLEET"] == "6"
    assert tomllib.loads(rendered["ConfigMap"]["data"]["fanfold.toml"])["limits"] == "asana-paid"
