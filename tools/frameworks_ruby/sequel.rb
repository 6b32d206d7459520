# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# A shop on Sequel: schema, migrations, datasets, models, transactions, errors. Prints what it sees.
# Usage: ruby sequel.rb PATH
require "sequel"
require "bigdecimal"
require_relative "shown"

DB = Sequel.sqlite(ARGV.fetch(0), timeout: 5000)
Sequel.extension :migration

CREATE = Sequel.migration do
  change do
    create_table(:customers) do
      primary_key :id
      String :name, null: false, size: 40
      String :email, unique: true
      TrueClass :active, default: true
      DateTime :since
    end
    create_table(:orders) do
      primary_key :id
      foreign_key :customer_id, :customers, null: false, on_delete: :cascade
      BigDecimal :total, size: [10, 2]
      Float :weight
      Date :day
      File :scan
      index %i[customer_id day]
      check { total >= 0 }
    end
  end
end

CHANGE = Sequel.migration do
  up do
    alter_table(:orders) do
      add_column :state, String, default: "new"
      rename_column :weight, :kilos
      add_index :state
    end
  end
  down do
    alter_table(:orders) do
      drop_index :state
      drop_column :state
      rename_column :kilos, :weight
    end
  end
end

CREATE.apply(DB, :up)
CHANGE.apply(DB, :up)

class Customer < Sequel::Model
  one_to_many :orders
  plugin :validation_helpers

  def validate
    super
    validates_presence :name
  end
end

class Order < Sequel::Model
  many_to_one :customer
end

show("tables") { DB.tables.sort }
show("schema") { DB.schema(:orders).map { |name, column| [name, column[:type], column[:db_type], column[:allow_null], column[:default]] } }
show("indexes") { DB.indexes(:orders).map { |name, index| [name, index[:columns], index[:unique]] }.sort }
show("foreign keys") { DB.foreign_key_list(:orders).map { |key| key.values_at(:columns, :table, :on_delete) } }

ids = %w[Ann Bob Cyd].map { |name| Customer.create(name: name, email: "#{name}@x.org", since: Time.utc(2024, 2, 3, 4, 5, 6)).id }
10.times do |i|
  Order.create(customer_id: ids[i % 3], total: BigDecimal("#{i}.5"), kilos: i / 4.0, day: Date.new(2024, 3, 1 + i),
               scan: Sequel::SQL::Blob.new([i, 0, 255].pack("C*")))
end

show("typed") { Order.first.values.map { |name, value| [name, value.class, value.to_s] } }
show("where") { DB[:orders].where { (total > 4) & (kilos < 2.1) }.order(Sequel.desc(:total)).select_map(%i[id total]) }
show("join and group") do
  DB[:customers].join(:orders, customer_id: :id).group_and_count(:name).select_append { sum(:total).as(:sum) }.order(:name).all
end
show("window") { DB[:orders].select { [id, row_number.function.over(partition: :customer_id, order: :id).as(:n)] }.order(:id).map(:n) }
show("with") { DB[:t].with(:t, DB[:orders].where(state: "new").select(:id)).count }
show("eager") { Customer.eager(:orders).order(:id).all.map { |customer| [customer.name, customer.orders.length] } }
show("update") { DB[:orders].where(id: [1, 2]).update(state: "sent", total: Sequel[:total] + 1) }
show("insert_conflict") do
  DB[:customers].insert_conflict(target: :email, update: { name: Sequel[:excluded][:name] }).insert(name: "Anna", email: "Ann@x.org")
  DB[:customers].order(:id).select_map(:name)
end
show("multi_insert") { DB[:customers].multi_insert([{ name: "Dee" }, { name: "Eli" }]) && DB[:customers].count }
show("returning") { DB[:customers].returning(:name).where(name: "Eli").delete.to_a }
show("prepared") { DB[:orders].where(id: :$n).prepare(:first, :by_id).call(n: 3)[:day] }
show("paged") { [].tap { |all| DB[:orders].order(:id).paged_each(rows_per_fetch: 3) { |row| all << row[:id] } } }
show("rollback") { DB.transaction(rollback: :always) { DB[:orders].delete } && DB[:orders].count }
show("savepoint") do
  DB.transaction do
    DB[:customers].insert(name: "stays")
    DB.transaction(savepoint: true) { DB[:customers].insert(name: "goes") && raise(Sequel::Rollback) }
  end
  DB[:customers].where(name: %w[stays goes]).select_map(:name)
end
show("after commit") { [].tap { |told| DB.transaction { DB.after_commit { told << :committed } && DB[:orders].count } } }
show("not unique") { DB[:customers].insert(name: "x", email: "Bob@x.org") }
show("not null") { DB[:customers].insert(name: nil) }
show("foreign key") { DB[:orders].insert(customer_id: 999) }
show("check") { DB[:orders].insert(customer_id: ids[0], total: -1) }
show("missing") { DB[:absent].all }
show("invalid") { Customer.create(name: nil) }
show("cascade") { [Customer[ids[2]].delete.name, DB[:orders].count] }
show("threads") { Array.new(4) { Thread.new { DB[:orders].count } }.map(&:value).uniq }
# A connection that another thread has left does not hear of a change of the schema before it runs a statement, in the gem as here.
DB.disconnect
CHANGE.apply(DB, :down)
show("after the way back") { DB[:orders].columns }
CREATE.apply(DB, :down)
show("in the end") { DB.tables - [:schema_info] }
DB.disconnect
