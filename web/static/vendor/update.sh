#!/bin/sh
# Fetches the vendored browser files from npm into this folder, and makes ../icons.svg.
# Nobody who only runs ReplyAI needs this: what it makes is committed.  Usage: ./update.sh
set -eu
cd "$(dirname "$0")"
HTMX=4.0.1 IDIOMORPH=0.8.0 SWAGGER=5.35.0 LUCIDE=1.62.0
ICONS="alarm-clock archive arrow-down arrow-up at-sign ban book-open bot check check-check chevron-down
chevron-left chevron-right circle-alert circle-check circle-help circle-x clock code contact copy
corner-up-left download ellipsis external-link eye file-text filter globe hand hash headphones image inbox
info key keyboard link list-checks lock log-out mail map-pin megaphone message-square mic moon panel-right paperclip
pause pencil phone pin play plug plus power qr-code refresh-cw rotate-ccw search send server settings shield smartphone
smile sticker sun sun-moon tag trash-2 triangle-alert user user-check user-plus user-x users video
webhook wifi-off x zap"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fetch() { (cd "$tmp" && npm pack --silent "$1@$2" >/dev/null && mkdir "$1" && tar xzf ./*.tgz -C "$1" --strip-components=1 && rm ./*.tgz); }
fetch htmx.org $HTMX
fetch idiomorph $IDIOMORPH
fetch swagger-ui-dist $SWAGGER
fetch lucide-static $LUCIDE
cp "$tmp/htmx.org/dist/htmx.min.js" htmx.min.js
cp "$tmp/htmx.org/LICENSE" LICENSE.htmx
cp "$tmp/idiomorph/dist/idiomorph.esm.js" idiomorph.esm.js
cp "$tmp/idiomorph/LICENSE" LICENSE.idiomorph
cp "$tmp/swagger-ui-dist/swagger-ui-bundle.js" "$tmp/swagger-ui-dist/swagger-ui.css" .
cp "$tmp/swagger-ui-dist/LICENSE" LICENSE.swagger-ui
cp "$tmp/swagger-ui-dist/NOTICE" NOTICE.swagger-ui
cp "$tmp/lucide-static/LICENSE" LICENSE.lucide
sed -i '/^\/\/# sourceMappingURL/d' htmx.min.js swagger-ui-bundle.js
sed -i '/^\/\*# sourceMappingURL/d' swagger-ui.css
{
  echo '<svg xmlns="http://www.w3.org/2000/svg">'
  for name in $ICONS; do
    file="$tmp/lucide-static/icons/$name.svg"
    [ -f "$file" ] || { echo "no such icon: $name" >&2; continue; }
    printf '<symbol id="%s" viewBox="0 0 24 24">' "$name"
    sed -e '1,/^>/d' -e '/<\/svg>/d' "$file" | tr -d '\n' | sed 's/  */ /g;s/> </></g'
    echo '</symbol>'
  done
  echo '</svg>'
} >../icons.svg
