#!/usr/bin/env bash
# Copies what the page /docs is made of from its npm package into src/kalends/web/openapi/docs.
# To take a newer version: change both lines, run it, look at the page.
set -euo pipefail

package="swagger-ui-dist@5.35.0"
sha256="1b8e891893404ea4c3558b6a87e2a3e494e7eedba41168c2ece5800a391a6ea6"

target="$(cd "$(dirname "$0")/.." && pwd)/src/kalends/web/openapi/docs"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

cd "$scratch"
archive="$(npm pack --silent "$package")"
echo "$sha256  $archive" | sha256sum --check --quiet
tar --extract --gzip --file "$archive"
install -m 644 package/swagger-ui.css package/swagger-ui-bundle.js "$target/"
# The source map is not shipped; without this line browsers would ask for it.
sed -i 's|/\*# sourceMappingURL=.*\*/||' "$target/swagger-ui.css"
install -m 644 package/LICENSE "$target/swagger-ui.LICENSE"
install -m 644 package/NOTICE "$target/swagger-ui.NOTICE"
install -m 644 package/swagger-ui-bundle.js.LICENSE.txt "$target/swagger-ui-bundle.js.LICENSE.txt"
echo "$package is in $target"
