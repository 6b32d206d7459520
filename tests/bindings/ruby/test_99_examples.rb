# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

require_relative "helper"
require_relative "../../../tools/docs/ruby_examples"

# docs/ruby-examples.md: each example prints what the page shows, with ours and, as far as it has that, with the gem.
class ExamplesTest < DatabaseTest
  EXAMPLES = RubyExamples.read
  INSTALLED = ENV["HELIOSDB_RUBY_INSTALLED"] == "1"

  def test_every_program_of_the_page_has_a_name_and_an_output
    assert_equal File.read(RubyExamples::PAGE).scan(/^```ruby$/).length, EXAMPLES.length
    assert_equal EXAMPLES.length, EXAMPLES.uniq(&:title).length
    assert_operator EXAMPLES.count { |example| example.in_gem?("1.4.2") }, :>=, 40
  end

  EXAMPLES.each do |example|
    name = example.title.downcase.gsub(/\W+/, "_")

    define_method("test_#{name}") do
      assert_equal example.output, RubyExamples.run(example.source, @directory, **(INSTALLED ? { options: [] } : {}))
    end

    next unless example.in_gem?(Oracle ? Oracle::VERSION : "1.4")

    define_method("test_#{name}_with_the_gem") do
      oracle
      assert_equal example.output, RubyExamples.run(example.source, @directory, gem: true)
    end
  end
end
