# What the smokes share. Sourced by bash, in the copy of the checkout whose containers run.
at=http://127.0.0.1:8080

# say WORDS…: a step begins.
say() { printf -- '-- %s\n' "$*"; }

# want WHAT COMMAND…: the command succeeds, or the smoke ends with what was wanted.
want() {
    local what=$1
    shift
    "$@" >/dev/null || { printf 'not so: %s\n' "$what" >&2; exit 1; }
}

# soon SECONDS WHAT COMMAND…: the command succeeds within that time.
soon() {
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || { printf 'not in time: %s\n' "$what" >&2; exit 1; }
        sleep 0.5
    done
}

status() { curl -s -o /dev/null -w '%{http_code}' "$@"; }
answers() { [ "$(status "$at$1")" = "$2" ]; }
feed() { curl -fsS "$at/feed.atom"; }
tells() { grep -q "$1" <<<"$(feed)"; } # no pipe: who writes to it when grep has found ends with an error
no_demo() { local now; now=$(feed) && ! grep -q 演示 <<<"$now"; }
same() { [ "$1" = "$2" ]; }
