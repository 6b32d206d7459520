#!/usr/bin/env ruby
# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# Runs the examples of docs/ruby-examples.md, each in a process of its own and an empty directory.
#
# Usage: ruby_examples.rb [--write] [--gem] [TITLE...]
#
# Fails if an example prints something else than the page shows; --write has the page show what is printed. --gem runs the
# sqlite3 gem in place of ours, and leaves out what it has not.
require "open3"
require "rbconfig"
require "timeout"
require "tmpdir"

# The page's examples, and what they print.
module RubyExamples
  ROOT = File.expand_path("../..", __dir__)
  PAGE = File.join(ROOT, "docs", "ruby-examples.md")
  EXAMPLE = /^### ([^\n]+)\n\n((?:(?!```|#)[^\n]*\n)+)^```ruby\n(.*?)^```\n\n^```text\n(.*?)^```$/m.freeze
  REQUIRE = %(require "heliosdb/sqlite3")
  SECONDS = 60

  # One example; +range+ is where its output is in the page's text.
  Example = Struct.new(:title, :about, :source, :output, :range) do
    # @param version [String] of the sqlite3 gem
    # @return [Boolean] whether the gem prints the same
    def in_gem?(version)
      return false if about.include?("<!-- not in the gem -->")

      needed = about[/<!-- needs sqlite3 (\S+) -->/, 1]
      needed.nil? || Gem::Version.new(version) >= Gem::Version.new(needed)
    end
  end

  module_function

  # @return [Array<Example>]
  def read
    text = File.read(PAGE, encoding: "UTF-8")
    text.to_enum(:scan, EXAMPLE).map do
      match = Regexp.last_match
      raise "#{match[1]}: does not begin with #{REQUIRE}" unless match[3].start_with?(REQUIRE.chop)

      Example.new(*match[1..4], match.begin(4)...match.end(4))
    end
  end

  # What an example prints, and of one that fails the complaint.
  # @param source [String]
  # @param directory [String] where it runs
  # @param gem [Boolean] whether it is the sqlite3 gem's turn
  # @param options [Array<String>] of the interpreter, to find ours
  # @return [String]
  def run(source, directory, gem: false, options: ["-I", File.join(ROOT, "bindings", "ruby", "lib")])
    source = source.sub(REQUIRE, 'require "sqlite3"') if gem
    File.write(File.join(directory, "example.rb"), source)
    env = { "HELIOSDB_LINGER" => "0", "HELIOSDB_NOTICES" => "off", "LANG" => "C.UTF-8" }
    program = [RbConfig.ruby, "-W0", *(options unless gem), "example.rb"]
    Timeout.timeout(SECONDS) do
      stdout, stderr, status = Open3.capture3(env, *program, chdir: directory)
      (status.success? ? stdout : stdout + stderr).force_encoding("UTF-8")
    end
  end

  # As {run}, in a directory of its own. An engine ends a moment after the program, in which it may still write.
  def run_alone(source, gem: false)
    Dir.mktmpdir("hdb-example-") { |directory| run(source, directory, gem: gem).tap { sleep 0.05 while busy?(directory) } }
  end

  def busy?(directory)
    Dir.glob("/proc/[0-9]*/cmdline").any? do |file|
      File.binread(file).include?(directory)
    rescue SystemCallError
      false # it has ended meanwhile
    end
  end

  def gem_version
    Gem::Specification.find_by_name("sqlite3").version.to_s
  end

  def write(printed)
    text = File.read(PAGE, encoding: "UTF-8")
    printed.reverse_each { |example, now| text[example.range] = now }
    File.write(PAGE, text)
  end

  # @return [Boolean] whether all is as the page shows, or does so now
  def main(words)
    flags, titles = words.partition { |word| word.start_with?("--") }
    gem = flags.include?("--gem")
    chosen = read.select { |example| titles.empty? || titles.include?(example.title) }
    chosen.select! { |example| example.in_gem?(gem_version) } if gem
    printed = chosen.to_h { |example| [example, run_alone(example.source, gem: gem)] }
    changed = printed.reject { |example, now| example.output == now }
    write(printed) if flags.include?("--write")
    changed.each { |example, now| puts "== #{example.title}\n-- the page:\n#{example.output}-- printed:\n#{now}" }
    puts "#{printed.length} examples, #{changed.length} print something else than the page showed"
    changed.empty? || flags.include?("--write")
  end
end

exit(RubyExamples.main(ARGV)) if $PROGRAM_NAME == __FILE__
