# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module HeliosDB
  module SQLite3
    # A copy of a database, made page by page while the source may be used (https://www.sqlite.org/backup.html).
    #
    # @example
    #   backup = SQLite3::Backup.new(copy, "main", db, "main")
    #   backup.step(100) while backup.remaining.positive? || backup.pagecount.zero?
    #   backup.finish
    class Backup
      # @api private
      def self.finalizer(pointers)
        proc { C.hdb_backup_finish(pointers.pop) unless pointers.empty? }
      end

      # Begins to copy.
      # @param destination [Database] what is overwritten; not to be used until {#finish}
      # @param destination_name [String] "main", "temp" or the name of an attached database
      # @param source [Database]
      # @param source_name [String] as +destination_name+
      # @raise [ArgumentError] if one of them is closed
      # @raise [SQLException] for an unknown name, twice the same database, or a destination in use
      # @example
      #   SQLite3::Backup.new(SQLite3::Database.new("copy.db"), "main", db, "main")
      def initialize(destination, destination_name, source, source_name)
        raise ArgumentError, "cannot backup from a closed database" if source.closed?
        raise ArgumentError, "cannot backup to a closed database" if destination.closed?

        @destination = destination
        @source = source
        @pointers = [begin_copy(destination_name, source_name)]
        ObjectSpace.define_finalizer(self, Backup.finalizer(@pointers))
      end

      # Copies pages.
      # @param pages [Integer] how many, negative: all that are left
      # @return [Integer] of {Constants::ErrorCode}: +OK+ if there is more to copy, +DONE+ if all is copied; +BUSY+ or +LOCKED+:
      #   call it again later; others are final
      # @raise [Exception] if the backup is finished
      # @example
      #   backup.step(-1) == SQLite3::Constants::ErrorCode::DONE
      def step(pages)
        locked { |pointer| C.hdb_backup_step(pointer, pages) }
      end

      # @return [Integer] pages still to copy, as of the last {#step}
      # @raise [Exception] if the backup is finished
      # @example
      #   backup.remaining # => 0
      def remaining
        locked { |pointer| C.hdb_backup_remaining(pointer) }
      end

      # @return [Integer] pages of the source, as of the last {#step}
      # @raise [Exception] if the backup is finished
      # @example
      #   backup.pagecount # => 12
      def pagecount
        locked { |pointer| C.hdb_backup_pagecount(pointer) }
      end

      # Ends the backup; one that {#step} has not told +DONE+ of leaves the destination as it was.
      # @return [nil]
      # @raise [Exception] if the backup is finished
      # @example
      #   backup.finish
      def finish
        locked do |pointer|
          @pointers.clear
          ObjectSpace.undefine_finalizer(self)
          C.hdb_backup_finish(pointer)
        end
        nil
      end

      private

      def begin_copy(destination_name, source_name)
        both do
          out = FFI::MemoryPointer.new(:pointer)
          native = @destination.native
          native.check(C.hdb_backup_init(native.pointer, destination_name.to_s, @source.native.pointer, source_name.to_s, out))
          out.read_pointer
        end
      end

      def locked
        both { yield(@pointers.first || (raise Exception, "cannot use a closed backup")) }
      end

      # In one order, whichever is the source: two threads that copy there and back do not wait for each other.
      def both(&block)
        first, second = [@destination.native, @source.native].sort_by(&:object_id)
        first.synchronize { second.synchronize(&block) }
      end
    end
  end
end
