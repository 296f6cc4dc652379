"""``fanfold`` and its commands. A mistake is one clear sentence and exit code 2."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from fanfold.errors import SetupError
from fanfold.settings import Settings, read_as, read_settings
from fanfold.version import __version__

try:
    from cyclopts import App, Parameter
except ImportError:
    sys.exit("The fanfold command needs the server extra: pip install 'fanfold[server]'")

app = App(
    name="fanfold",
    version=__version__,
    help="Fans a batch of requests out in parallel and folds the results back in order.",
    help_format="plaintext",
)
tokens = App(name="token", help="Make, list and revoke API tokens.")
app.command(tokens)
apps = App(name="app", help="Make, list and delete apps that act in users' names (OAuth).")
app.command(apps)

Database = Annotated[
    str | None, Parameter(name="--db", help="The SQLite file (fanfold.db), :memory:, or postgresql://…")
]


@app.command
def serve(  # noqa: PLR0913 - each is an option
    *,
    host: Annotated[str | None, Parameter(help="Address to listen on (127.0.0.1).")] = None,
    port: Annotated[int | None, Parameter(help="Port to listen on (8480); 0 takes a free one.")] = None,
    db: Database = None,
    token: Annotated[str, Parameter(help="A token to accept for the first user.", env_var="FANFOLD_TOKEN")] = "",
    limits: Annotated[
        str | None, Parameter(help="asana-free, asana-paid (the default), off, or requests=300,reads=50,writes=15.")
    ] = None,
    redis: Annotated[
        str | None, Parameter(help="URL of a Redis that counts the limits of all workers, such as redis://host:6379.")
    ] = None,
    without_redis: Annotated[
        str | None, Parameter(help="While Redis is away: local shares of the limits (the default), deny, or allow.")
    ] = None,
    seed: Annotated[
        str | None,
        Parameter(help="What a new database starts with: demo (the default), empty, or a YAML or JSON file."),
    ] = None,
    admin: Annotated[
        bool | None, Parameter(negative="", help="Open the controls at /-/admin/ to whoever sits at this machine.")
    ] = None,
    access_log: Annotated[str | None, Parameter(help="A file, off, or - for standard error (the default).")] = None,
    integrations: Annotated[
        str | None, Parameter(help="A directory with declarations of APIs that accounts can be at.")
    ] = None,
    workers: Annotated[
        int | None, Parameter(help="Processes that serve together (1); more than one needs PostgreSQL.")
    ] = None,
    config: Annotated[Path | None, Parameter(help="A TOML file with further settings.")] = None,
) -> None:
    """Serve the API until stopped. Every setting can also stand in a TOML file or in FANFOLD_… variables."""
    from fanfold.server import serve as run  # noqa: PLC0415 - help and token commands start without it

    given = {
        "host": host,
        "port": port,
        "db": db,
        "limits": limits,
        "redis": redis,
        "without_redis": without_redis,
        "seed": seed,
        "access_log": access_log,
        "admin": admin,
        "integrations": integrations,
        "workers": workers,
    }

    def read() -> Settings:
        return read_settings(given, file=config)

    run(read(), token=token, again=read)


@app.command
def gateway(
    *,
    upstream: Annotated[str | None, Parameter(help="The API's URL, such as https://api.example.com/v1.")] = None,
    host: Annotated[str | None, Parameter(help="Address to listen on (127.0.0.1).")] = None,
    port: Annotated[int | None, Parameter(help="Port to listen on (8481); 0 takes a free one.")] = None,
    config: Annotated[Path | None, Parameter(help="A TOML file with further settings and upstreams.")] = None,
    allow_private: Annotated[
        bool | None, Parameter(negative="", help="Let upstreams be at private addresses, and on this machine.")
    ] = None,
    workers: Annotated[int | None, Parameter(help="Processes that serve together (1).")] = None,
) -> None:
    """Give any HTTP API a batch endpoint: serve one before it until stopped."""
    from fanfold.server.gateway import serve_gateway  # noqa: PLC0415
    from fanfold.server.gateway_settings import GatewaySettings  # noqa: PLC0415

    given = {"upstream": upstream, "host": host, "port": port, "allow_private": allow_private, "workers": workers}

    def read() -> GatewaySettings:
        return read_as(GatewaySettings, given, file=config)

    serve_gateway(read(), again=read)


app.command(
    "fanfold.cli.attack:attack",
    name="attack",
    help="Attack a batch server of your own, and see line by line what gets through.",
)
app.command(
    "fanfold.cli.batch:batch",
    name="batch",
    help="Have a server carry out a batch of actions that is kept in a file, and see what happened when.",
)
app.command("fanfold.cli.call:call", name="call", help="Send one request to an API, and print its data.")
app.command(
    "fanfold.cli.integration:integration",
    name="integration",
    help="Check declarations of APIs, and draft them from OpenAPI descriptions.",
)
app.command(
    "fanfold.cli.db:db",
    name="db",
    help="Bring a database up to date, look how it is, and copy it, also from SQLite to PostgreSQL and back.",
)
app.command("fanfold.cli.plan:plan", name="plan", help="Check plans, and make them of Arazzo workflows.")
app.command(
    "fanfold.cli.run:run",
    name="run",
    help="Have a server carry out a plan; records go to standard output, and progress is shown.",
)


@app.command
def demo() -> None:
    """Start a server with demo data, send it one batch of ten mixed actions, and show what came back."""
    from fanfold.cli.demo import run  # noqa: PLC0415

    sys.exit(run())


@app.command
def coverage(*, json: Annotated[bool, Parameter(negative="", help="Print JSON rather than lines.")] = False) -> None:
    """Count the published operations that are served, group by group, and name those that are not."""
    from fanfold.server.coverage import as_json, as_text  # noqa: PLC0415

    print(as_json() if json else as_text())


@tokens.command
def create(
    *,
    db: Database = None,
    user: Annotated[str, Parameter(help="E-mail address or gid of whom the token belongs to (the first user).")] = "",
    name: Annotated[str, Parameter(help="What the token is for, to recognise it in the list.")] = "command line",
    service_account: Annotated[
        bool, Parameter(negative="", help="For a program that sees all of a workspace, instead of for a user.")
    ] = False,
    workspace: Annotated[str, Parameter(help="Gid of the service account's workspace, if there are several.")] = "",
) -> None:
    """Make a token and print it. It is shown this once; only a digest is kept."""
    from fanfold.server.admin import create_service_token, create_token  # noqa: PLC0415

    if service_account and user:
        raise SetupError("A service account is nobody's: leave out --user or --service-account.")
    if service_account:
        print(create_service_token(_path(db), workspace, name))
    else:
        print(create_token(_path(db), user, name))


@tokens.command(name="list")
def show(*, db: Database = None) -> None:
    """Show the tokens: number, user, name, when made, and whether valid. The tokens themselves are not kept."""
    from fanfold.server.admin import list_tokens  # noqa: PLC0415

    for line in list_tokens(_path(db)):
        print(line)


@tokens.command
def revoke(
    number: Annotated[int, Parameter(help="The token's number, as fanfold token list shows it.")],
    *,
    db: Database = None,
) -> None:
    """End a token. A running server refuses it within a second."""
    from fanfold.server.admin import revoke_token  # noqa: PLC0415

    revoke_token(_path(db), number)
    print(f"Token {number} is revoked.")


@apps.command(name="create")
def create_app(
    name: Annotated[str, Parameter(help="How users recognise the app.")],
    *,
    redirect: Annotated[
        list[str], Parameter(negative="", help="An address that users are sent back to; may be given again.")
    ],
    public: Annotated[
        bool, Parameter(negative="", help="The app cannot keep a secret: it runs at its users' places.")
    ] = False,
    db: Database = None,
) -> None:
    """Make an app and print its client id and secret. The secret is shown this once; only a digest is kept."""
    from fanfold.server import admin  # noqa: PLC0415

    client, secret = admin.create_app(_path(db), name, redirect, public=public)
    print(f"client_id      {client}")
    if secret:
        print(f"client_secret  {secret}")


@apps.command(name="list")
def show_apps(*, db: Database = None) -> None:
    """Show the apps: client id, name, kind, when made, and where they send users back to."""
    from fanfold.server.admin import list_apps  # noqa: PLC0415

    for line in list_apps(_path(db)):
        print(line)


@apps.command(name="delete")
def delete_app(client_id: str, *, db: Database = None) -> None:
    """Delete an app with all that users allowed it. A running server refuses its tokens within a second."""
    from fanfold.server import admin  # noqa: PLC0415

    admin.delete_app(_path(db), client_id)
    print(f"App {client_id} is deleted.")


def _path(db: str | None) -> str:
    return db or read_settings({}).db


def main(words: list[str] | None = None) -> None:
    """Run the command line, or ``words`` instead of what was typed."""
    try:
        app(words)
    except SetupError as error:
        print(error.message, file=sys.stderr)
        sys.exit(2)
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] in (
            "aiohttp",
            "apsw",
            "jlens",
            "uvicorn",
            "python_multipart",
            "rich",
        ):
            sys.exit(f"This command needs {error.name}: pip install 'fanfold[server]'")
        raise
    except KeyboardInterrupt:
        sys.exit(130)
