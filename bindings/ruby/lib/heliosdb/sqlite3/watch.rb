# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "callbacks"

module HeliosDB
  module SQLite3
    # Ends a statement that runs, or waits, when something is to happen in its thread (Ctrl-C, Timeout, Thread#raise, Thread#kill)
    # or its time is over. Ruby does such things between its own instructions only, so never while a C function runs.
    # @api private
    class Watch
      # SQLite's instructions between two looks: a millisecond or so, beside which a look costs nothing.
      OPERATIONS = 50_000
      OPERATIONS_WITH_A_TIMEOUT = 1000
      # @return [FFI::Pointer] what C gets
      attr_reader :user_data
      # @return [Float, nil] how many seconds a statement may run
      attr_accessor :limit

      def initialize(handle)
        @handle = handle
        @user_data = FFI::Pointer.new(Callbacks.id_of(self))
      end

      # A statement begins anew.
      def start
        @deadline = nil
      end

      # @return [Boolean] whether the statement is to end; what is to happen does so after {Handle#synchronize}
      def stop?
        !@handle.raised.nil? || late? || Thread.pending_interrupt?
      end

      # @param error [::Exception] what a signal's handler raised; it waits until C has returned
      def keep(error)
        @handle.raised ||= error
      end

      private

      def late?
        return false unless @limit

        now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        @deadline ||= now + @limit
        now > @deadline
      end
    end
  end
end
