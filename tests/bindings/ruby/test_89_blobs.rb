# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"

# Bytes, beside the gem, in each place. The gem reads and writes none in pieces, nor does this binding.
class BlobsTest < DatabaseTest
  BYTES = (0..255).to_a.pack("C*").freeze

  in_each_place("whatever_is_bound_as_bytes_comes_back_as_these_bytes") do |place|
    same_in(place) do |sqlite, db|
      db.execute("CREATE TABLE files(id INTEGER PRIMARY KEY, content BLOB)")
      contents = ["", BYTES, "text", "grö\xC3", "a\0b", "\0" * 70_000]
      kinds = [->(text) { text.b }, ->(text) { sqlite::Blob.new(text) }, ->(text) { text.to_blob }]
      contents.product(kinds).each { |content, kind| db.execute("INSERT INTO files(content) VALUES (?)", [kind.call(content)]) }
      db.execute("SELECT typeof(content), length(content), content FROM files ORDER BY id").each_with_index.map do |row, i|
        assert_equal contents[i / kinds.length].b, row.last
        [*row, row.last.encoding]
      end
    end
  end

  in_each_place("a_blob_is_found_compared_and_taken_apart") do |place|
    same_in(place) do |_sqlite, db|
      db.execute("CREATE TABLE files(hash BLOB PRIMARY KEY, content)")
      { "\x00\xFF".b => "0123456789".b, "\x00".b => "", "".b => "text", "\xFF".b => nil, "text".b => 5 }.each do |hash, content|
        db.execute("INSERT INTO files VALUES (?, ?)", [hash, content])
      end
      [
        db.execute("SELECT content FROM files WHERE hash = ?", ["\x00\xFF".b]),
        db.execute("SELECT content FROM files WHERE hash = ?", ["text"]), # a text is no blob
        db.execute("SELECT hash FROM files WHERE hash >= ? ORDER BY hash DESC", ["\x00".b]),
        db.execute("SELECT substr(content, 3, 4), hex(content), typeof(content || content) FROM files ORDER BY hash"),
        said { db.execute("INSERT INTO files VALUES (?, 1)", ["\x00".b]) }
      ]
    end
  end

  in_each_place("zeros_are_written_and_filled") do |place|
    same_in(place) do |_sqlite, db|
      db.execute("CREATE TABLE files(id INTEGER PRIMARY KEY, content)")
      db.execute("INSERT INTO files VALUES (1, zeroblob(1000))")
      before = db.get_first_value("SELECT content FROM files")
      db.execute("UPDATE files SET content = CAST(substr(content, 1, 10) || ? || substr(content, 13) AS BLOB)", ["ab".b])
      [before, db.get_first_value("SELECT content FROM files"), db.get_first_value("SELECT typeof(content) FROM files")]
    end
  end

  in_each_place("bytes_go_through_functions_and_aggregates_of_the_program_s") do |place|
    same_in(place) do |sqlite, db|
      db.execute("CREATE TABLE files(id INTEGER PRIMARY KEY, content)")
      ["abc".b, BYTES, "".b].each { |content| db.execute("INSERT INTO files(content) VALUES (?)", [content]) }
      db.define_function("turned") { |bytes| sqlite::Blob.new(bytes.reverse) }
      db.create_aggregate("joined", 1) do
        step { |group, bytes| group[:all] = (group[:all] || "".b) + bytes }
        finalize { |group| group.result = sqlite::Blob.new(group[:all]) }
      end
      db.execute("SELECT turned(content), typeof(turned(content)) FROM files ORDER BY id") +
        db.execute("SELECT joined(content), typeof(joined(content)) FROM files")
    end
  end

  def test_bytes_are_rebuilt_from_the_engine
    parts = Array.new(100) { |part| part.chr.b * 1000 }
    open_database do |db|
      db.execute("CREATE TABLE files(id INTEGER PRIMARY KEY, content)")
      db.execute("INSERT INTO files VALUES (1, ?), (2, zeroblob(3)), (3, ?)", [parts.join, BYTES])
    end
    assert_empty processes_after(10)
    FileUtils.rm(Dir.glob("#{path}{,-wal,-shm}"))
    found = open_database { |db| db.execute("SELECT content FROM files ORDER BY id").flatten }
    assert_equal [parts.join, "\0\0\0".b, BYTES], found
  end

  def test_a_backup_has_the_same_bytes
    open_database do |db|
      db.execute("CREATE TABLE files(content)")
      db.execute("INSERT INTO files VALUES (?)", [BYTES * 300])
      copy = HDB::Database.new(":memory:")
      backup = HDB::Backup.new(copy, "main", db, "main")
      backup.step(-1)
      backup.finish
      assert_equal [[BYTES * 300]], copy.execute("SELECT content FROM files")
      copy.close
    end
  end
end
