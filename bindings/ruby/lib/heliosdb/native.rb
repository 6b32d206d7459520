# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "declarations"
require_relative "version"

# libheliosdb for Ruby. The surface of the sqlite3 gem is in {HeliosDB::SQLite3}.
module HeliosDB
  # The C functions as module functions, declared from the library's header.
  C = Declarations

  # Finds and loads libheliosdb: +HELIOSDB_LIBRARY+, then the copy inside the gem, then the system's.
  module Library
    BUNDLED = File.expand_path("native/libheliosdb.so", __dir__)
    SYSTEM = "libheliosdb.so.0.1"

    # @return [String] path or name of the library to load
    def self.path
      named = ENV.fetch("HELIOSDB_LIBRARY", "")
      return named unless named.empty?

      File.exist?(BUNDLED) ? BUNDLED : SYSTEM
    end

    # @raise [LoadError] if there is no library, or one of another interface version
    def self.load
      begin
        C.attach(path)
      rescue LoadError => e
        raise LoadError, "libheliosdb was not found; install a heliosdb-sqlite3 gem that carries it, or set " \
                         "HELIOSDB_LIBRARY to the path of libheliosdb.so (#{e.message})"
      end
      found = C.hdb_version
      return if found.split(".").first(2) == VERSION.split(".").first(2)

      raise LoadError, "#{path} is libheliosdb #{found}, this binding needs #{VERSION.sub(/\.\d+\z/, '.x')}"
    end

    # @param text [String, nil] what a C function returned
    # @return [String, nil] the same bytes, known to be UTF-8
    def self.utf8(text)
      text&.force_encoding(Encoding::UTF_8)
    end

    # @param bytes [String] a text of a database, in UTF-8
    # @return [String] the text in the program's internal encoding, if it has one; what does not fit stays in UTF-8, as in the gem
    def self.internal(bytes)
      text = bytes.force_encoding(Encoding::UTF_8)
      encoding = Encoding.default_internal
      return text unless encoding

      encoding == Encoding::BINARY ? text.force_encoding(encoding) : text.encode(encoding)
    rescue EncodingError
      text
    end
  end

  Library.load
end
