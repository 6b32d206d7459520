# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# Prints what a block gives, or the error that it ends with, as one line.
def show(name)
  value = yield
  puts "#{name}: #{value.inspect}"
rescue StandardError => e
  cause = e.cause
  puts "#{name}: #{e.class}: #{e.message.lines.first.chomp.gsub('HeliosDB::', '')}#{" (#{cause.class.name.split('::').last})" if cause}"
end
