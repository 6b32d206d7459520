# SPDX-License-Identifier: Apache-2.0
"""Results as Arrow streams, read by pyarrow."""

import gc

import pytest

import heliosdb_sqlite

pyarrow = pytest.importorskip("pyarrow")

SCHEMA = """
    CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, price REAL, data BLOB);
    INSERT INTO t VALUES (1, 'one', 1.5, x'00ff'), (2, NULL, NULL, NULL), (3, '\u00e4', -2, x'');
"""


def test_a_table_comes_back(conn):
    conn.executescript(SCHEMA)
    table = pyarrow.table(conn.execute("SELECT * FROM t ORDER BY id").fetch_arrow())
    assert [str(field.type) for field in table.schema] == ["int64", "string", "double", "binary"]
    assert table.column_names == ["id", "name", "price", "data"]
    assert table.to_pydict() == {
        "id": [1, 2, 3],
        "name": ["one", None, "\u00e4"],
        "price": [1.5, None, -2.0],
        "data": [b"\0\xff", None, b""],
    }
    table.validate(full=True)


def test_the_rows_that_are_left(conn):
    conn.executescript(SCHEMA)
    cursor = conn.execute("SELECT id FROM t ORDER BY id")
    assert cursor.fetchone() == (1,)
    assert pyarrow.table(cursor.fetch_arrow()).to_pydict() == {"id": [2, 3]}
    assert cursor.fetchall() == []
    with pytest.raises(heliosdb_sqlite.ProgrammingError, match="no result"):
        cursor.fetch_arrow()


def test_a_large_result(conn):
    sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300000) SELECT i, 'row ' || i AS t FROM n"
    with pyarrow.RecordBatchReader.from_stream(conn.execute(sql).fetch_arrow()) as reader:
        batches = list(reader)
    assert len(batches) > 3
    table = pyarrow.Table.from_batches(batches)
    assert table["i"].to_pylist() == list(range(1, 300_001))
    assert table["t"][-1].as_py() == "row 300000"


def test_an_empty_result_has_its_columns(conn):
    conn.executescript(SCHEMA)
    cursor = conn.execute("SELECT * FROM t WHERE 0")
    table = pyarrow.table(cursor.fetch_arrow())
    assert table.num_rows == 0
    assert [str(field.type) for field in table.schema] == ["int64", "string", "double", "binary"]
    cursor.execute("SELECT id FROM t WHERE id > ?", (7,))
    conn.execute("SELECT id FROM t WHERE id > ?", (1,)).fetchall()  # the same statement
    with pytest.raises(heliosdb_sqlite.ProgrammingError, match="no result"):
        cursor.fetch_arrow()


def test_no_result(conn):
    for cursor in conn.cursor(), conn.execute("CREATE TABLE u(a)"):
        with pytest.raises(heliosdb_sqlite.ProgrammingError, match="no result"):
            cursor.fetch_arrow()


def test_a_stream_is_read_beside_other_statements_of_its_cursor(conn):
    conn.executescript(SCHEMA)
    cursor = conn.execute("SELECT id FROM t ORDER BY id")
    result = cursor.fetch_arrow()
    assert cursor.execute("SELECT id FROM t ORDER BY id").fetchall() == [(1,), (2,), (3,)]
    assert pyarrow.table(result)["id"].to_pylist() == [1, 2, 3]
    with pytest.raises(heliosdb_sqlite.ProgrammingError, match="read already"):
        pyarrow.table(result)


def test_a_column_of_several_storage_classes_is_named(conn):
    cursor = conn.execute("SELECT 1 AS a, 'x' AS b UNION ALL SELECT 'y', 'z'")
    with pytest.raises(heliosdb_sqlite.IntegrityError, match='column "a" is utf8 in Arrow, and row 1'):
        cursor.fetch_arrow().__arrow_c_stream__()
    assert conn.execute("SELECT 1").fetchall() == [(1,)]


def test_what_is_not_read_leaves_no_lock(tmp_path):
    with heliosdb_sqlite.connect(tmp_path / "app.db", timeout=1) as conn:
        conn.executescript(SCHEMA)
        conn.execute("SELECT * FROM t").fetch_arrow()
        capsule = conn.execute("SELECT * FROM t").fetch_arrow().__arrow_c_stream__()
        del capsule
        reader = pyarrow.RecordBatchReader.from_stream(conn.execute("SELECT * FROM t").fetch_arrow())
        reader.close()
        del reader
        gc.collect()
        conn.execute("DROP TABLE t")
    conn.close()


def test_a_closed_connection_ends_the_stream(place):
    conn = place.connect()
    sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300000) SELECT i, 'row ' || i AS t FROM n"
    reader = pyarrow.RecordBatchReader.from_stream(conn.execute(sql).fetch_arrow())
    first = reader.read_next_batch()
    conn.close()
    with pytest.raises(OSError, match="the statement of this stream was reset or closed"):
        reader.read_next_batch()
    assert first["i"][0].as_py() == 1
