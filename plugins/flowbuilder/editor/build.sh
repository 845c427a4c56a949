#!/bin/sh
# Bundles the editor into ../static (committed; nobody who only runs ReplyAI needs this). Needs Node 20 or later.
set -eu
cd "$(dirname "$0")"
npm ci --silent --ignore-scripts=false
npx esbuild src/main.jsx --bundle --minify --format=esm --target=es2022 --jsx=transform --legal-comments=none \
  --define:process.env.NODE_ENV='"production"' --outfile=../static/editor.js
cp node_modules/@xyflow/react/dist/style.css ../static/xyflow.css
for package in @dagrejs/dagre @xyflow/react react; do
  printf '%s %s\n\n' "$package" "$(node -p "require('./node_modules/$package/package.json').version")"
  cat "node_modules/$package/LICENSE"; printf '\n'
done >../static/LICENSES.txt
