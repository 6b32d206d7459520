# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module HeliosDB
  module SQLite3
    class Database
      # What a function of SQL that a block stands for is told with, and what it gives: see {Functions#create_function}.
      class FunctionProxy
        # @return [Object] value of the function
        # @example
        #   function.result = 42
        attr_accessor :result

        def initialize
          @result = nil
          @context = {}
        end

        # @return [Object] what {#[]=} has kept, for the rows of one group
        # @example
        #   group[:sum]
        def [](key)
          @context[key]
        end

        # @example
        #   group[:sum] = 0
        def []=(key, value)
          @context[key] = value
        end
      end
    end
  end
end
