# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# Writes what minitest ran as JUnit XML to the file that MINITEST_JUNIT names: ruby -r ./tests/support/minitest_junit.rb
require "cgi"
require "minitest"

module Minitest
  # One <testcase> per test, written when the run is over.
  class JUnitReporter < AbstractReporter
    def initialize(path)
      super()
      @path = path
      @cases = []
    end

    def record(result)
      @cases << format('<testcase classname="%<class>s" name="%<name>s" time="%<time>.6f">%<outcome>s</testcase>',
                       class: CGI.escapeHTML(result.klass), name: CGI.escapeHTML(result.name), time: result.time,
                       outcome: outcome(result))
    end

    def report
      File.write(@path, "<testsuites><testsuite>\n#{@cases.join("\n")}\n</testsuite></testsuites>\n")
    end

    private

    def outcome(result)
      return "" if result.passed?

      element = if result.skipped? then "skipped"
                elsif result.error? then "error"
                else "failure"
                end
      %(<#{element} message="#{CGI.escapeHTML(result.failure.message.scrub.gsub(/[^[:print:]\s]/, '?'))}"/>)
    end
  end

  def self.plugin_junit_init(_options)
    reporter << JUnitReporter.new(ENV.fetch("MINITEST_JUNIT"))
  end
  extensions << "junit"
end
