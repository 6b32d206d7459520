#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: tools/docs.sh      (make docs builds first)
#
# Makes the references of the three interfaces that are not Python's, which has docstrings, and prints where they are: the C
# interface by Doxygen, the declarations of the Node binding by TypeDoc, fetched from npm into build/typedoc at need, the Ruby
# binding by YARD. Fails if one of them can't be made.
set -euo pipefail
cd "$(dirname "$0")/.."

typedoc() {
    local tool=$PWD/build/typedoc entry entries=()
    if [ ! -x "$tool/node_modules/.bin/typedoc" ]; then
        echo "docs: installing TypeDoc" >&2
        mkdir -p "$tool"
        npm install --prefix "$tool" --no-save --no-package-lock --no-audit --no-fund --silent \
            typedoc@0.28 typescript@5 @types/node@22 >&2
    fi
    for entry in index node/index promises/index; do
        entries+=(--entryPoints "$PWD/bindings/node/lib/$entry.d.ts")
    done
    cat >"$tool/tsconfig.json" <<END
{
  "compilerOptions": {
    "lib": ["es2022", "esnext.disposable"], "types": ["node"], "typeRoots": ["$tool/node_modules/@types"], "skipLibCheck": true
  },
  "include": ["$PWD/bindings/node/lib/**/*.d.ts"]
}
END
    "$tool/node_modules/.bin/typedoc" --tsconfig "$tool/tsconfig.json" "${entries[@]}" --disableSources --logLevel Warn \
        --name heliosdb-sqlite --readme bindings/node/README.md --out build/docs-node >&2
}

yard_pages() {
    (cd bindings/ruby && yard doc --no-cache --no-save --quiet --fail-on-warning --output-dir ../../build/docs-ruby >&2)
}

meson configure build -Ddocs=true
ninja -C build >&2
typedoc
yard_pages
echo build/doxygen/html/index.html
echo build/docs-node/index.html
echo build/docs-ruby/index.html
