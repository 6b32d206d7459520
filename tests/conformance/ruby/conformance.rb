# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# Runs the sqlite3 gem's own tests with heliosdb/sqlite3 in its place.
#
#   conformance.rb [--build DIRECTORY] [--set-up NAME]... [--list] VERSION=DIRECTORY...
#
# DIRECTORY is the gem's source, of that version. Set-ups: `gem` (the gem itself, the oracle: what is installed of this version, or
# what SQLITE3_RUBY_GEM_<MAJOR> names: its lib directory), `embedded` (as users run it), `engine` (HELIOSDB_MEMORY=engine: every
# commit of a database in memory reaches an engine too), `daemon-heliosdb` and `daemon-postgresql` (servers named by
# HELIOSDB_TEST_DSN_*; child/places.rb says which databases they stand for).
#
# A test that the gem passes must pass here, or be listed with its reason in docs/conformance-ruby.md; the exit code is 1 otherwise.
require "fileutils"
require "json"
require "open3"
require "optparse"
require "rbconfig"
require "tmpdir"

ROOT = File.expand_path("../../..", __dir__)
PAGE = File.join(ROOT, "docs/conformance-ruby.md")
SERVERS = { "daemon-heliosdb" => "HELIOSDB_TEST_DSN_HELIOSDB", "daemon-postgresql" => "HELIOSDB_TEST_DSN_POSTGRESQL" }.freeze
SET_UPS = ["embedded", "engine", *SERVERS.keys].freeze
SECONDS = 240 # for one test: some run with GC.stress

# The suite of one version of the gem.
class Suite
  attr_reader :version

  def initialize(version, directory, build)
    @version = version
    @directory = File.realpath(directory)
    @build = build
  end

  # @return [Hash{String => Array(String, String)}] outcome and detail of each test; a process for each file, in its own directory
  def run(set_up)
    Dir[File.join(@directory, "test/test_*.rb")].sort.each_with_object({}) do |file, outcomes|
      Dir.mktmpdir("conformance-") do |directory|
        output = File.join(directory, "outcomes.jsonl")
        told = run_file(set_up, file, directory, output)
        abort "#{set_up}: #{File.basename(file)} did not begin: #{told}" unless File.exist?(output)
        File.foreach(output) do |line|
          test = JSON.parse(line)
          outcomes[test["test"]] = test.values_at("outcome", "detail")
        end
        FileUtils.rm_rf("#{directory}-heliosdb") # of a test that opens "."
      end
    end
  end

  # @return [Boolean] whether the gem itself is here in this version
  def oracle?
    script = 'require "sqlite3"; print SQLite3::VERSION'
    found, = Open3.capture2(environment("gem"), RbConfig.ruby, "-W0", *oracle_path, "-e", script, err: File::NULL)
    found == version
  end

  private

  def run_file(set_up, file, directory, output)
    path = set_up == "gem" ? oracle_path : ["-I", File.join(ROOT, "bindings/ruby/lib")]
    command = [RbConfig.ruby, "-W0", *path, File.join(__dir__, "child/suite.rb"), output, SECONDS.to_s, file]
    Open3.capture2e(environment(set_up), "timeout", "--kill-after=5", "900", *command, chdir: directory).first
  end

  def oracle_path
    library = ENV.fetch("SQLITE3_RUBY_GEM_#{version[/\A\d+/]}", "")
    library.empty? ? [] : ["-I", library]
  end

  def environment(set_up)
    env = ENV.keys.grep(/\AHELIOSDB_MO|\AHELIOSDB_MEMORY/).to_h { |name| [name, nil] }
    env.update("HELIOSDB_LINGER" => "0", "HELIOSDB_NOTICES" => "off", "HELIOSDB_SQLITE3_SURFACE" => version[/\A1\.\d+/])
    env["HELIOSDB_LIBRARY"] = ENV["HELIOSDB_LIBRARY"] || File.join(@build, "src/libheliosdb.so")
    env["HELIOSDB_KEEPER"] = ENV["HELIOSDB_KEEPER"] || File.join(@build, "src/heliosdb-keeper")
    env["HELIOSDB_CONFORMANCE_GEM"] = "1" if set_up == "gem"
    env["HELIOSDB_MEMORY"] = "engine" if set_up == "engine"
    env.update("HELIOSDB_CONFORMANCE_DAEMON" => "1", "HELIOSDB_DSN" => ENV.fetch(SERVERS[set_up])) if SERVERS[set_up]
    env
  end
end

# What docs/conformance-ruby.md names for a version and set-up: | `test` | versions | set-ups | reason |
def listed(version, set_up)
  lines = File.exist?(PAGE) ? File.readlines(PAGE) : []
  lines.filter_map { |line| line.match(/^\| `([^`]+)` \| ([\d., ]+) \| ([\w, -]+) \| (.+) \|$/) }.select do |row|
    row[2].split(", ").include?(version) && (row[3] == "all" || row[3].split(", ").include?(set_up))
  end.to_h { |row| [row[1], row[4]] }
end

# Prints the count of a set-up and what does not pass; returns how many of these are not listed.
def judge(version, set_up, expected, outcomes)
  lost = expected.reject { |test| outcomes.fetch(test, [nil])[0] == "passed" }
  reasons = listed(version, set_up)
  passed = expected.length - lost.length
  puts format("%<version>s %<set_up>s: %<passed>d of the %<all>d tests that the gem passes (%<share>.1f %%)",
              version: version, set_up: set_up, passed: passed, all: expected.length, share: 100.0 * passed / expected.length)
  lost.each do |test|
    outcome, detail = outcomes.fetch(test, ["not run", ""])
    puts "    #{'NOT LISTED ' unless reasons.key?(test)}#{test}: #{outcome}: #{detail.lines.first(3).join(' ').delete("\n")[0, 200]}"
  end
  (reasons.keys & expected - lost).each { |test| puts "    listed, but it passes: #{test}" }
  (lost - reasons.keys).length
end

# What counts as passing with the gem; without the gem, every test that our own run does not skip.
def expected_of(suite)
  return puts("#{suite.version}: the gem is not installed in this version: every test is expected to pass") unless suite.oracle?

  outcomes = suite.run("gem")
  expected = outcomes.select { |_, (outcome, _)| outcome == "passed" }.keys
  puts "#{suite.version} gem: #{expected.length} passed, #{outcomes.length - expected.length} skipped or failed"
  outcomes.each { |test, (outcome, detail)| puts "    #{test}: #{outcome}: #{detail.lines.first&.chomp}" unless outcome == "passed" }
  expected
end

chosen = { build: File.join(ROOT, "build"), set_ups: [], list: false }
OptionParser.new do |options|
  options.on("--build DIRECTORY") { |directory| chosen[:build] = File.expand_path(directory) }
  options.on("--set-up NAME", SET_UPS) { |name| chosen[:set_ups] << name }
  options.on("--list") { chosen[:list] = true }
end.parse!
abort "usage: conformance.rb [--build DIRECTORY] [--set-up NAME]... [--list] VERSION=DIRECTORY..." if ARGV.empty?
chosen[:set_ups] = SET_UPS if chosen[:set_ups].empty?
$stdout.sync = true
unlisted = skipped = 0
ARGV.each do |argument|
  suite = Suite.new(*argument.split("=", 2), chosen[:build])
  expected = expected_of(suite)
  chosen[:set_ups].each do |set_up|
    if SERVERS[set_up] && ENV.fetch(SERVERS[set_up], "").empty?
      puts "#{suite.version} #{set_up}: skipped, #{SERVERS[set_up]} is not set"
      skipped += 1
      next
    end
    outcomes = suite.run(set_up)
    unlisted += judge(suite.version, set_up, expected || outcomes.reject { |_, (outcome, _)| outcome == "skipped" }.keys, outcomes)
    outcomes.each { |test, (outcome, detail)| puts "== #{test}: #{outcome}\n#{detail}" } if chosen[:list]
  end
end
puts "#{unlisted} not passed and not listed, #{skipped} set-ups skipped"
exit(unlisted.zero? ? 0 : 1)
