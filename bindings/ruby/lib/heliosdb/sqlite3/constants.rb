# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module HeliosDB
  module SQLite3
    # The numbers of SQLite's C interface.
    module Constants
      # Text encodings of SQLite.
      module TextRep
        UTF8 = 1
        UTF16LE = 2
        UTF16BE = 3
        UTF16 = 4
        ANY = 5
        DETERMINISTIC = 0x800
      end

      # Storage classes of a value.
      module ColumnType
        INTEGER = C::HDB_TYPE_INTEGER
        FLOAT = C::HDB_TYPE_FLOAT
        TEXT = C::HDB_TYPE_TEXT
        BLOB = C::HDB_TYPE_BLOB
        NULL = C::HDB_TYPE_NULL
      end

      # Result codes; the `code` of an exception is one of these.
      module ErrorCode
        %i[
          OK ERROR INTERNAL PERM ABORT BUSY LOCKED NOMEM READONLY INTERRUPT IOERR CORRUPT NOTFOUND FULL CANTOPEN
          PROTOCOL EMPTY SCHEMA TOOBIG CONSTRAINT MISMATCH MISUSE NOLFS AUTH FORMAT RANGE NOTADB ROW DONE
        ].each { |name| const_set(name, C.const_get("HDB_#{name}")) }
      end

      # Flags for the option +flags+ of {Database#initialize}.
      module Open
        READONLY = 0x00000001
        READWRITE = 0x00000002
        CREATE = 0x00000004
        DELETEONCLOSE = 0x00000008
        EXCLUSIVE = 0x00000010
        AUTOPROXY = 0x00000020
        URI = 0x00000040
        MEMORY = 0x00000080
        MAIN_DB = 0x00000100
        TEMP_DB = 0x00000200
        TRANSIENT_DB = 0x00000400
        MAIN_JOURNAL = 0x00000800
        TEMP_JOURNAL = 0x00001000
        SUBJOURNAL = 0x00002000
        SUPER_JOURNAL = 0x00004000
        MASTER_JOURNAL = SUPER_JOURNAL
        NOMUTEX = 0x00008000
        FULLMUTEX = 0x00010000
        SHAREDCACHE = 0x00020000
        PRIVATECACHE = 0x00040000
        WAL = 0x00080000
      end

      # Counters of <tt>SQLite3.status</tt>.
      module Status
        MEMORY_USED = 0
        PAGECACHE_USED = 1
        PAGECACHE_OVERFLOW = 2
        SCRATCH_USED = 3
        SCRATCH_OVERFLOW = 4
        MALLOC_SIZE = 5
        PARSER_STACK = 6
        PAGECACHE_SIZE = 7
        SCRATCH_SIZE = 8
        MALLOC_COUNT = 9
      end

      # Bits for {Pragmas#optimize}.
      module Optimize
        DEBUG = 0x00001
        ANALYZE_TABLES = 0x00002
        LIMIT_ANALYZE = 0x00010
        CHECK_ALL_TABLES = 0x10000
        DEFAULT = ANALYZE_TABLES | LIMIT_ANALYZE
      end
    end
  end
end
