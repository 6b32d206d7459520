# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module HeliosDB
  module SQLite3
    # How a {Database} is opened, what is loaded into it, and what is asked of the files behind it.
    module Opening
      # @return [Encoding] of the text in the database
      # @raise [Exception] if the database is closed
      # @example
      #   db.encoding # => #<Encoding:UTF-8>
      def encoding
        Encoding.find(prepare("PRAGMA encoding") { |statement| statement.step.first })
      end

      # Allows or forbids {#load_extension} and the SQL function of this name.
      # @param allowed [Boolean, Integer]
      # @return [self]
      # @raise [Exception] if the database is closed
      # @example
      #   db.enable_load_extension(true)
      def enable_load_extension(allowed)
        allowed = { true => 1, false => 0 }.fetch(allowed) { Integer(allowed) }
        @native.synchronize { @native.check(C.hdb_enable_load_extension(@native.pointer, allowed)) }
        self
      end

      # Loads an extension of SQLite (https://www.sqlite.org/loadext.html).
      # @param extension [String, #to_path] the shared library; its suffix may be left out
      # @return [self]
      # @raise [TypeError] if it is neither
      # @raise [SQLException] with the linker's message, or "not authorized"
      # @example
      #   db.load_extension("/usr/lib/sqlite3/pcre.so")
      def load_extension(extension)
        if extension.respond_to?(:to_path)
          extension = extension.to_path
        elsif !extension.is_a?(String)
          raise TypeError, "extension_specifier #{extension.inspect} is not a String or a valid extension specifier object"
        end
        load_extension_internal(extension)
      end

      # Loads what the option +extensions+ of {Database#initialize} names.
      # @param extensions [Array<String, #to_path>, nil]
      # @raise [TypeError] if it is something else
      # @raise [SQLException] as {#load_extension}
      # @example
      #   db.initialize_extensions(["/usr/lib/sqlite3/pcre.so"])
      def initialize_extensions(extensions)
        return if extensions.nil?
        raise TypeError, "extensions must be an Array" unless extensions.is_a?(Array)
        return if extensions.empty?

        begin
          enable_load_extension(true)
          extensions.each { |extension| load_extension(extension) }
        ensure
          enable_load_extension(false)
        end
      end

      private

      # A database that can't have what it is to have is closed: nobody else could do it.
      def load_or_close(extensions)
        initialize_extensions(extensions)
      rescue ::Exception # rubocop:disable Lint/RescueException
        close
        raise
      end

      def open_native(file, options, zvfs)
        refuse_other_ractors
        file = file.to_path if file.respond_to?(:to_path)
        utf16 = options[:utf16] || [Encoding::UTF_16LE, Encoding::UTF_16BE].include?(file.encoding)
        file = tagged(file) if utf16
        name = file.encode(Encoding::UTF_8)
        raise ArgumentError, "string contains null byte" if name.include?("\0") || zvfs&.include?("\0")
        raise NotSupportedException.for("a VFS") if zvfs

        name = ":memory:" if options[:flags].to_i & Constants::Open::MEMORY != 0
        connect(name, Options.settings(options))
        store_as(file.encoding) if utf16
        disable_quirk_mode if options[:strict]
      end

      def connect(name, settings)
        @native = Handle.new(name, settings)
        ObjectSpace.define_finalizer(self, Database.finalizer(@native))
        ForkSafety.track(self)
        @kept = KeptStatements.new(@native)
        @collations = {}
        @entries = {} # what C may call
        @compiles_anew = false
      end

      # A library that was loaded by FFI belongs to the main one.
      def refuse_other_ractors
        return if !defined?(::Ractor) || ::Ractor.current == MAIN_RACTOR

        raise ::Ractor::UnsafeError, "a database can be used in the main Ractor only"
      end
      MAIN_RACTOR = defined?(::Ractor) ? ::Ractor.current : nil
      private_constant :MAIN_RACTOR

      # A name that does not say so is in UTF-16 of this machine's byte order.
      def tagged(file)
        return file if file.encoding.name.start_with?("UTF-16")

        file.dup.force_encoding([1].pack("S") == [1].pack("v") ? Encoding::UTF_16LE : Encoding::UTF_16BE)
      end

      # As sqlite3_open16() does: of a database that has content already it changes nothing.
      def store_as(encoding)
        prepare("PRAGMA encoding = '#{encoding.name.downcase}'", &:step)
      end

      # The gem's private methods, which some programs call.

      def open_v2(_file, _mode, _zvfs)
        raise Exception, "cannot open a database that is already open"
      end

      def open16(file)
        open_v2(file, nil, nil)
      end

      def discard
        ObjectSpace.undefine_finalizer(self)
        ForkSafety.forget(object_id)
        @native.discard
        self
      end

      def disable_quirk_mode
        @native.synchronize do
          [C::HDB_DBCONFIG_DQS_DDL, C::HDB_DBCONFIG_DQS_DML].each do |option|
            @native.check(C.hdb_db_config(@native.pointer, option, 0, nil))
          end
        end
        true
      end

      def load_extension_internal(path)
        @native.synchronize { @native.check(C.hdb_load_extension(@native.pointer, path, nil)) }
        self
      end

      def db_filename(name)
        @native.synchronize { Library.utf8(C.hdb_db_filename(@native.pointer, name)) }
      end

      def exec_batch(sql, as_hashes)
        rows = []
        each_statement(sql) do |stmt|
          new_rows = stmt.text_rows
          new_rows.map! { |row| stmt.columns.zip(row).to_h } if as_hashes
          rows.concat(new_rows)
        end
        rows
      end
    end
  end
end
