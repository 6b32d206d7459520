# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "callbacks"

module HeliosDB
  module SQLite3
    # What becomes of connections in a child after fork(): those that can write are closed there, which says nothing to the
    # engine and changes nothing for the parent. Those that only read stay open, and raise {MisuseException} when used.
    module ForkSafety
      # Told by Ruby of every fork of a Ruby process.
      # @api private
      module CoreExt
        def _fork
          super.tap { |pid| ForkSafety.discard if pid.zero? }
        end
      end

      MESSAGE = "Writable sqlite database connection(s) were inherited from a forked process. They are of no use here and have " \
                "been closed; connect again in the child, and close connections before forking."

      @databases = {} # ids only: a database that nobody refers to any more is collected
      @suppressed = false

      class << self
        # Has nobody warned of connections that a child has inherited.
        # @return [true]
        # @example
        #   SQLite3::ForkSafety.suppress_warnings!
        def suppress_warnings!
          @suppressed = true
        end

        # @api private
        def hook!
          ::Process.singleton_class.prepend(CoreExt)
        end

        # @api private
        def track(database)
          @databases[Callbacks.id_of(database)] = true
        end

        # @api private
        def forget(id)
          @databases.delete(id)
        end

        # @api private
        def discard
          inherited = @databases.keys.filter_map { |id| Callbacks.find(id) }.reject { |db| db.closed? || db.readonly? }
          @databases = {}
          return if inherited.empty?

          warn(MESSAGE, uplevel: 0) unless @suppressed
          inherited.each { |database| database.__send__(:discard) }
        end
      end
    end

    ForkSafety.hook!
  end
end
