# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

module HeliosDB
  # Version of the gem: that of the library it is made for.
  VERSION = "0.1.0"
end
