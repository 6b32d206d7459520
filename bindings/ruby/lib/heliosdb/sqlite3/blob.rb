# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module HeliosDB
  module SQLite3
    if defined?(::SQLite3::Blob)
      Blob = ::SQLite3::Blob
    else
      # A string that is bound as a blob, whatever its encoding. A plain string in ASCII-8BIT is, too. Values read from
      # blobs are strings in ASCII-8BIT. With the sqlite3 gem loaded, it is the gem's class.
      # @example
      #   db.execute("INSERT INTO files(content) VALUES (?)", [SQLite3::Blob.new(File.binread("x.png"))])
      class Blob < String; end
    end
  end
end

# The sqlite3 gem adds this method, too.
class String
  unless method_defined?(:to_blob)
    # @return [HeliosDB::SQLite3::Blob] the same bytes, bound as a blob
    def to_blob
      HeliosDB::SQLite3::Blob.new(self)
    end
  end
end
