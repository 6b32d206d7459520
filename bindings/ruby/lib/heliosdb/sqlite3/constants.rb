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

      # Result codes; {Exception#code} is one of these.
      module ErrorCode
        %i[
          OK ERROR INTERNAL PERM ABORT BUSY LOCKED NOMEM READONLY INTERRUPT IOERR CORRUPT NOTFOUND FULL CANTOPEN
          PROTOCOL EMPTY SCHEMA TOOBIG CONSTRAINT MISMATCH MISUSE NOLFS AUTH FORMAT RANGE NOTADB ROW DONE
        ].each { |name| const_set(name, C.const_get("HDB_#{name}")) }
      end

      # Flags for the option +flags+ of {Database#initialize}.
      module Open
        READONLY = 0x01
        READWRITE = 0x02
        CREATE = 0x04
        URI = 0x40
        MEMORY = 0x80
        NOMUTEX = 0x8000
        FULLMUTEX = 0x10000
      end
    end
  end
end
