"""Settings: where they come from, who wins, what is refused."""

import pytest

from fanfold.errors import SetupError
from fanfold.settings import Settings, read_settings


def read(given=None, *, file=None, **environment):
    return read_settings(given or {}, file=file, environment=environment)


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "fanfold.toml"
        path.write_bytes(text.encode("utf-8"))
        return path

    return write


def test_without_any_source_the_defaults_hold():
    assert read() == Settings()


def test_a_file_wins_over_a_default(file):
    assert read(file=file("port = 1\nbody_timeout = 2")) == Settings(port=1, body_timeout=2.0)


def test_the_environment_wins_over_a_file(file):
    assert read(file=file("port = 1\nhost = 'there'"), FANFOLD_PORT="2") == Settings(port=2, host="there")


def test_the_command_line_wins_over_all(file):
    settings = read({"port": 3, "host": None}, file=file("port = 1"), FANFOLD_PORT="2", FANFOLD_HOST="here")
    assert settings == Settings(port=3, host="here")


def test_every_setting_can_be_a_variable():
    values = {name: getattr(Settings(), name) for name in Settings.__struct_fields__}
    environment = {f"FANFOLD_{name.upper()}": str(value) for name, value in values.items() if value is not None}
    assert read(**environment) == Settings()
    assert read(FANFOLD_SHUFFLE="7", FANFOLD_LENIENT_PATHS="true") == Settings(shuffle=7, lenient_paths=True)


def test_a_variable_that_is_no_setting_is_none_of_our_business():
    assert read(FANFOLD_TOKEN="secret", FANFOLD_COLOUR="red", PORT="1") == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "x"),
        ("port", "-1"),
        ("port", "65536"),
        ("port", "1.5"),
        ("seed", "other"),
        ("journal", "-1"),
        ("admin", "maybe"),
        ("max_body", "1M"),
        ("max_actions", "0"),
        ("max_body", "-1"),
        ("body_timeout", "soon"),
        ("body_timeout", "0"),
        ("action_timeout", "-1"),
        ("batch_deadline", "nan"),
        ("drain_timeout", "-1"),
        ("lenient_paths", "maybe"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name, value):
    with pytest.raises(SetupError) as refused:
        read(**{f"FANFOLD_{name.upper()}": value})
    assert name in refused.value.message
    assert refused.value.message.endswith(".")
    assert "\n" not in refused.value.message


@pytest.mark.parametrize("text", ["prot = 1", "port = 'x'", "port = = 1", "[server]\nport = 1", "port = 1\nport = 2"])
def test_a_wrong_file_is_refused(file, text):
    with pytest.raises(SetupError):
        read(file=file(text))


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "latin.toml").write_bytes(b"host = '\xe9'")
    for name in ("missing.toml", ".", "latin.toml"):
        with pytest.raises(SetupError) as refused:
            read(file=tmp_path / name)
        assert str(tmp_path / name) in refused.value.message
