# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# A writer of test_languages.py: PATH NUMBER SECONDS. Moves money between accounts, one transaction a transfer.
$LOAD_PATH.unshift(File.expand_path("../../../bindings/ruby/lib", __dir__))
require "heliosdb/sqlite3"
require "json"

path, number, seconds = ARGV[0], Integer(ARGV[1]), Float(ARGV[2])
draw = Random.new(number)
db = HeliosDB::SQLite3::Database.new(path)
db.busy_timeout(60_000)
db.create_function("doubled", 1) { |function, amount| function.result = 2 * amount }
commits = 0
busy = []
now = -> { Process.clock_gettime(Process::CLOCK_MONOTONIC) }
finish = now.call + seconds
while now.call < finish
  source, target = (0...20).to_a.sample(2, random: draw)
  amount = draw.rand(1...50)
  began = now.call
  begin
    db.transaction(:immediate) do
      db.execute("UPDATE account SET balance = balance - ? WHERE id = ?", [amount, source])
      db.execute("UPDATE account SET balance = balance + ? WHERE id = ?", [amount, target])
      db.execute("INSERT INTO transfer(writer, amount) VALUES (?, ?)", [number, amount])
    end
    commits += 1
  rescue HeliosDB::SQLite3::BusyException => e
    busy << "#{e.message} after #{(now.call - began).round(3)} s"
  end
end
db.close
puts JSON.generate(commits: commits, busy: busy)
