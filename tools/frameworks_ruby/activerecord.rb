# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# A blog on ActiveRecord: migrations up and down, associations, validations, scopes, transactions, errors. Prints what it sees.
# Usage: ruby activerecord.rb PATH
require "active_record"
require_relative "shown"

ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: ARGV.fetch(0), timeout: 5000)
ActiveRecord::Migration.verbose = false

class CreateBlog < ActiveRecord::Migration[6.1]
  def change
    create_table :authors do |t|
      t.string :name, null: false, limit: 80
      t.string :email, index: { unique: true }
      t.boolean :active, default: true, null: false
      t.decimal :fee, precision: 10, scale: 2
      t.timestamps default: "2024-01-02 03:04:05"
    end
    create_table :posts do |t|
      t.references :author, null: false, foreign_key: true
      t.string :title, null: false
      t.text :body
      t.integer :views, default: 0
      t.date :published_on
      t.json :meta
      t.binary :picture
    end
    create_table(:tags) { |t| t.string :name }
    create_join_table :posts, :tags
    add_index :posts, %i[author_id published_on], name: "by_author"
  end
end

class ChangeBlog < ActiveRecord::Migration[6.1]
  def change
    add_column :posts, :slug, :string
    rename_column :posts, :body, :text
    change_column_null :posts, :slug, true
    add_check_constraint :posts, "views >= 0", name: "views_count"
    reversible { |way| way.up { execute "UPDATE posts SET slug = lower(title)" } }
  end
end

class Author < ActiveRecord::Base
  has_many :posts, dependent: :destroy
  validates :name, presence: true
  scope :active, -> { where(active: true) }
end

class Tag < ActiveRecord::Base
  has_and_belongs_to_many :posts
end

class Post < ActiveRecord::Base
  belongs_to :author, counter_cache: false
  has_and_belongs_to_many :tags
  before_save { self.slug ||= title.parameterize }
end

connection = ActiveRecord::Base.connection
CreateBlog.migrate(:up)
ChangeBlog.migrate(:up)
[Author, Post, Tag].each(&:reset_column_information)

show("tables") { connection.tables.sort }
show("columns") { Post.columns.map { |column| [column.name, column.sql_type, column.null, column.default] } }
show("indexes") { (connection.indexes(:posts) + connection.indexes(:authors)).map { |index| [index.name, index.unique, index.columns] }.sort }
show("foreign keys") { connection.foreign_keys(:posts).map { |key| [key.from_table, key.to_table, key.column] } }
show("checks") { connection.check_constraints(:posts).map { |check| [check.name, check.expression] } }

authors = %w[Ada Grace Edsger].map.with_index { |name, i| Author.create!(name: name, email: "#{name}@example.org", fee: "1#{i}.25", active: i != 2) }
12.times do |i|
  post = authors[i % 3].posts.create!(title: "Post #{i}", text: "größe " * i, views: i * i, published_on: Date.new(2024, 1 + i, 3),
                                      meta: { "n" => [i, nil] }, picture: [i, 255, 0].pack("C*"))
  post.tags << Tag.find_or_create_by!(name: "tag #{i % 2}")
end

show("counts") { [Author.count, Post.count, Tag.count, connection.select_value("SELECT count(*) FROM posts_tags")] }
show("where, order, limit") { Post.where("views > ?", 20).order(views: :desc).limit(3).pluck(:title, :views, :slug) }
show("typed") { [Author.first.fee, Author.first.created_at, Post.second.published_on, Post.second.meta, Post.second.picture.bytes] }
show("joins and group") { Author.joins(:posts).group(:name).order(:name).sum(:views) }
show("includes") { Author.includes(posts: :tags).order(:id).map { |author| [author.name, author.posts.flat_map(&:tags).map(&:name).uniq.sort] } }
show("having") { Post.group(:author_id).having("count(*) > ?", 3).order(:author_id).count }
show("scope and exists") { [Author.active.pluck(:name), Author.exists?(email: "Ada@example.org"), Post.average(:views).to_f] }
show("update_all, delete_all") { [Post.where(author: authors[0]).update_all("views = views + 1"), Post.where(title: "Post 11").delete_all] }
show("insert_all, upsert_all") do
  Author.insert_all([{ name: "Barbara", email: "b@example.org" }, { name: "Dup", email: "Ada@example.org" }])
  Author.upsert_all([{ name: "Ada L.", email: "Ada@example.org" }], unique_by: :email)
  Author.order(:id).pluck(:name)
end
show("find_each") { [].tap { |ids| Post.find_each(batch_size: 5) { |post| ids << post.id } } }
show("rollback") do
  Post.transaction do
    Author.create!(name: "gone")
    Post.transaction(requires_new: true) do
      Author.create!(name: "inner")
      raise ActiveRecord::Rollback
    end
    raise ActiveRecord::Rollback
  end
  Author.where(name: %w[gone inner]).count
end
show("savepoint") do
  Post.transaction do
    Author.create!(name: "stays")
    Post.transaction(requires_new: true) { Author.create!(name: "goes") && raise(ActiveRecord::Rollback) }
  end
  Author.where(name: %w[stays goes]).pluck(:name)
end
show("not unique") { Author.create!(name: "x", email: "Grace@example.org") }
show("not null") { connection.execute("INSERT INTO authors(name) VALUES (NULL)") }
show("foreign key") { connection.execute("INSERT INTO posts(author_id, title) VALUES (999, 'x')") }
show("check") { Post.first.update_columns(views: -1) }
show("missing") { connection.execute("SELECT absent FROM posts") }
show("invalid") { Author.create!(name: "") }
show("not found") { Post.find(12_345) }
show("destroy") { [authors[1].destroy.name, Post.count] }
show("explain") { Post.where(id: 1).explain.lines.last[/SEARCH.*(?=\()/] }
show("raw") { connection.exec_query("SELECT id, title FROM posts WHERE id < ?", "raw", [[nil, 4]]).to_a }
ChangeBlog.migrate(:down)
Post.reset_column_information
show("after the way back") { [Post.column_names, connection.check_constraints(:posts).length, Post.order(:id).first.body] }
show("integrity") { connection.select_values("PRAGMA integrity_check") }
ActiveRecord::Base.remove_connection
