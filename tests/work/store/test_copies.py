"""One database becomes a copy of another, of whatever sort: nothing is lost, and it goes on where the other was."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from fanfold.errors import SetupError
from fanfold.server import database_admin
from fanfold.work.api import WorkApi
from fanfold.work.seed import FIRST_USER, seed
from fanfold.work.store import SqliteStore
from fanfold.work.store.shelves import Shelved
from fanfold.work.store.tables import TABLES, copy, sums
from tests import databases
from tests.databases import new_store_in
from tests.work.store.conftest import DATABASES, record


def fill(store):
    """Something in every table."""
    seed(store, "demo")
    with store.transaction():
        for number in range(3):
            store.add_token(bytes([number]) * 32, 1001, f"token {number}", "2026-01-01")
        store.add_app("client", None, "App", "https://a.test", "2026-01-01")
        consents = [store.add_consent("client", 1001, "2026-01-01") for _ in range(3)]
        store.revoke_consent(consents[-1])
        store.add_voucher(b"v" * 32, consents[0], "access", "default", 2000)
        store.finish_answer(b"a" * 32, b"f" * 32, 1e9, (200, b"[]", b"body", 1))
        for name in ("one", "two"):
            store.shelve("shelf", Shelved(name, 1001, None if name == "one" else 5.5, b"\x00\xff"))
        store.unshelve("shelf", "two")
        store.add_delivery(1, 1001, b"secret", "2026-01-01", 1005)
        store.begin_delivery(1, 5, b"body", "2026-01-01")
        store.set("other", b"\x00value")
        store.insert(record(store.new_gid(), name="Grüße 🎉", number=1.5, many=10**20, nested={"z": 1, "a": [1.0]}))


@pytest.fixture(params=DATABASES)
def target(request):
    """Another store, with something else in it."""
    made = new_store_in(request.param) if request.param == "sqlite" else other_postgres()
    yield made
    made.close()
    if request.param == "postgres":
        databases.drop(f"{databases.own_name()}_copies")


def other_postgres():
    from fanfold.work.store.postgres import PostgresStore  # noqa: PLC0415 - an extra

    databases.need_postgres()
    return PostgresStore.open(databases.make(f"{databases.own_name()}_copies"))


def test_every_row_is_copied_and_compared(store, target):
    fill(store)
    fill(target)
    with target.transaction():
        target.insert(record(target.new_gid()))
    copied = copy(store.content(), target.content())
    assert all(counted.rows > 0 for counted in copied.values()), copied
    assert sums(target.content()) == copied == sums(store.content())
    with target.transaction():
        target.set("other", b"changed")
    changed = sums(target.content())
    assert [name for name, counted in changed.items() if counted != copied[name]] == ["setting"]


def test_a_copy_goes_on_where_the_other_was(store, target):
    fill(store)
    copy(store.content(), target.content())
    for place in (store, target):
        with place.transaction():
            place.add_token(b"n" * 32, 1001, "new", "2026-01-02")
            place.insert(record(place.new_gid()))
            place.shelve("shelf", Shelved("three", 1001, None, b""))
            place.add_event(1005, 1001, b"[]", ())
    assert target.last_event() == store.last_event()
    assert [row.number for row in target.digests()] == [row.number for row in store.digests()]
    consents = []
    for place in (store, target):
        with place.transaction():
            consents.append(place.add_consent("client", 1001, "2026-01-02"))
    assert consents[0] == consents[1]
    gids = [max(place.of_kind("tag")) for place in (store, target)]
    assert gids[0] == gids[1] or {type(store), type(target)} != {SqliteStore}
    assert gids[1] > max(gid for kind in ("task", "user", "project") for gid in target.of_kind(kind))


def test_what_is_taken_over_is_signed_anew_and_answered_anew(store, target):
    fill(store)
    fill(target)
    key, signed = target.signing_key, store.sign("text")
    target.take_over(store)
    assert target.signing_key not in (key, store.signing_key)
    assert target.sign("text") != signed
    assert target.kept_answer(b"a" * 32, 0.0) is None
    target.begin_read()
    assert target.of_kind("task") == store.of_kind("task")
    target.commit()
    WorkApi(target)


def test_a_copy_in_a_file_is_signed_alike(store, tmp_path):
    fill(store)
    store.copy_to(tmp_path / "copy.db")
    made = SqliteStore(tmp_path / "copy.db")
    assert made.sign("text") == store.sign("text")
    assert sums(made.content()) == sums(store.content())
    made.close()


def test_what_breaks_off_changes_nothing(store, target):
    fill(store)
    fill(target)
    before = sums(target.content())
    content = target.content()
    write, written = content.write, []

    def failing(table, rows):
        written.append(table.name)
        if table.name == "event":
            raise OSError
        write(table, rows)

    content.write = failing
    with pytest.raises(OSError):  # noqa: PT011 - it is raised above
        copy(store.content(), content)
    assert "link" in written
    assert sums(target.content()) == before
    with target.transaction():
        assert target.new_gid() > max(target.of_kind("tag"))


def test_every_table_of_records_is_known_to_copies():
    made = SqliteStore()
    made._prepare_index()
    names = {
        name for (name,) in made._connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    }
    searched = {name for name in names if name.startswith(("words", "names", "task_", "named"))}
    assert names - searched - {"sqlite_sequence"} == {table.name for table in TABLES}
    for table in TABLES:
        columns = {row[1] for row in made._connection.execute(f"PRAGMA table_info({table.name})").fetchall()}
        assert columns == set(table.columns)
    made.close()


@pytest.mark.services
def test_text_that_postgresql_cannot_keep_is_kept_without_the_character(target):
    if isinstance(target, SqliteStore):
        pytest.skip("a file keeps everything")
    old = SqliteStore()
    with old.transaction():
        gid = old.new_gid()
        old.insert(record(gid, name="a\0b", literally="\\u0000", nested=[{"k\0": "\0"}]))
        old.add_token(b"t" * 32, 5, "to\0ken", "2026-01-01")
    copied = copy(old.content(), target.content())
    assert sums(target.content()) == copied != sums(old.content())
    assert target.record(gid).document.decode().count("\N{REPLACEMENT CHARACTER}") == 3
    assert b"\\\\u0000" in target.record(gid).document
    old.close()


# -- from the command line -------------------------------------------------------------------------------------------


@pytest.fixture
def url():
    databases.need_postgres()
    name = f"{databases.own_name()}_command"
    yield databases.make(name)
    databases.drop(name)


def filled(path):
    store = SqliteStore(path)
    fill(store)
    store.close()
    return str(path)


@pytest.mark.services
def test_a_file_goes_to_postgresql_and_back(tmp_path, url, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file, back = filled("one.db"), "two.db"
    said = list(database_admin.copy_database(file, url, replace=False))
    assert "compared   every row is the same" in said
    assert database_admin.status(url)[1:3] == ["layout     2", database_admin.status(url)[2]]
    list(database_admin.copy_database(url, back, replace=False))
    one, two = SqliteStore(file), SqliteStore(back)
    assert sums(one.content()) == sums(two.content())
    assert one.sign("text") == two.sign("text")
    one.close()
    two.close()


@pytest.mark.services
def test_what_is_there_is_only_replaced_when_that_is_said(tmp_path, url):
    file = filled(tmp_path / "one.db")
    list(database_admin.copy_database(file, url, replace=False))
    for source, goal in ((file, url), (url, file)):
        with pytest.raises(SetupError, match="--replace"):
            list(database_admin.copy_database(source, goal, replace=False))
        list(database_admin.copy_database(source, goal, replace=True))


def test_files_are_copied_to_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = filled("one.db")
    (tmp_path / "one.db-files").mkdir()
    said = list(database_admin.copy_database(file, "two.db", replace=False))
    assert said[-1].startswith("not copied one.db-files")
    assert [line for line in database_admin.status("two.db") if line.startswith("record")] == [
        line for line in said if line.startswith("record")
    ]
    assert database_admin.upgrade("two.db") == ["The database is up to date."]


def test_what_cannot_be_copied_is_said(tmp_path):
    for source, goal in (("x.db", "x.db"), (":memory:", "x.db"), ("x.db", ":memory:")):
        with pytest.raises(SetupError, match="name two"):
            list(database_admin.copy_database(source, goal, replace=False))
    with pytest.raises(SetupError, match="There is no database"):
        list(database_admin.copy_database(str(tmp_path / "none.db"), str(tmp_path / "x.db"), replace=False))
    for look in (database_admin.status, database_admin.upgrade):
        with pytest.raises(SetupError, match="There is no database"):
            look(str(tmp_path / "none.db"))
        (tmp_path / "text").write_text("no database at all, but long enough to be taken for one" * 30)
        with pytest.raises(SetupError, match="not a Fanfold database"):
            look(str(tmp_path / "text"))


@pytest.mark.services
def test_an_empty_database_has_nothing_to_look_at(url):
    with pytest.raises(SetupError, match="nothing of Fanfold"):
        database_admin.status(url)


# -- first data ------------------------------------------------------------------------------------------------------


@pytest.mark.services
@pytest.mark.parametrize("which", ["demo", "empty", "file"])
def test_of_several_processes_one_gives_an_empty_database_its_first_data(url, which):
    from fanfold.work.store.postgres import PostgresStore  # noqa: PLC0415

    def begin(_):
        store = PostgresStore.open(url)
        if which == "file":
            source = SqliteStore()
            seed(source, "demo")
            store.take_over_once(source, FIRST_USER)
            source.close()
        else:
            seed(store, which)
        found = store.signing_key, store.of_kind("user"), store.of_kind("task")
        store.close()
        return found

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(begin, range(4)))
    assert all(one == found[0] for one in found)
    alone = SqliteStore()
    seed(alone, "demo" if which == "file" else which)
    assert found[0][1:] == (alone.of_kind("user"), alone.of_kind("task"))
    alone.close()


def test_first_data_do_not_take_the_place_of_what_is_there(store, target):
    fill(store)
    key = target.signing_key
    target.take_over_once(store, FIRST_USER)
    assert target.signing_key == key
    before = sums(target.content())
    with store.transaction():
        store.insert(record(store.new_gid()))
    target.take_over_once(store, FIRST_USER)
    assert sums(target.content()) == before
