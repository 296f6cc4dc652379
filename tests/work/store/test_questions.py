"""What becomes of errors of the database and of its driver: what is lost, and what whoever asked is told."""

import psycopg
import pytest

from fanfold.errors import RequestError, Unavailable, Undecided
from fanfold.work.store.questions import is_lost, may_be_done, told

RUBBISH = psycopg.DatabaseError('lost synchronization with server: got message type "?", length -784834481')


def said(error, *, committing=False):
    with pytest.raises(RequestError) as found, told(committing=committing):
        raise error
    return found.value


@pytest.mark.parametrize("error", [RUBBISH, psycopg.InternalError("got no result from the query")])
def test_a_driver_that_understands_nothing_any_more_has_lost_its_connection(error):
    assert is_lost(error)
    assert type(said(error)) is Unavailable
    assert said(error).retry_after == 1
    assert type(said(error, committing=True)) is Undecided


def test_a_transaction_that_the_database_has_ended_was_not_committed():
    ended = psycopg.errors.IdleInTransactionSessionTimeout()
    assert is_lost(ended)
    assert not may_be_done(ended)
    assert may_be_done(RUBBISH)
    assert type(said(ended)) is Unavailable


@pytest.mark.parametrize("error", [psycopg.DataError("cannot be sent"), psycopg.errors.UniqueViolation(), KeyError()])
def test_what_is_wrong_with_a_statement_is_no_lost_connection(error):
    assert not is_lost(error)
    with pytest.raises(type(error)), told():
        raise error


@pytest.mark.parametrize("error", [psycopg.errors.LockNotAvailable(), psycopg.errors.QueryCanceled()])
def test_a_database_that_is_busy_has_not_been_lost(error):
    assert not is_lost(error)
    assert type(said(error, committing=True)) is Unavailable
