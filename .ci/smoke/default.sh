#!/usr/bin/env bash
# The default profile, as an operator uses it: a dump in ./dumps comes out in feed and mail, and nothing twice.
set -euo pipefail
. "$(dirname "$0")/shared.sh"

digest() { docker compose exec -T digest digest "$@"; }
within() { docker compose exec -T digest "$@"; }
mails() { within sh -c 'ls /data/mail/new 2>/dev/null || true'; }
has_mails() { [ "$(mails | wc -l)" = "$1" ]; }
entry_ids() { feed | grep -o '<id>[^<]*</id>'; }
refuses() { ! "$@" 2>/dev/null; }
stopped_well() { [ "$(docker compose ps -a --format '{{.ExitCode}}' digest)" = 0 ]; }

restarted() {
    local began=$SECONDS
    docker compose stop >/dev/null 2>&1
    [ $((SECONDS - began)) -le 10 ] || { echo 'not stopped within 10 s' >&2; exit 1; }
    want 'it ends by itself on its signal' stopped_well
    docker compose up -d --no-build >/dev/null 2>&1
    soon 30 'it answers after a restart' answers /healthz 200
}

say 'each profile is valid'
for profile in single dev scale; do
    want "$profile" env -u COMPOSE_FILE -u COMPOSE_PROFILES docker compose -f docker-compose.yml --profile "$profile" config -q
done

say 'pages and feed answer, monitors are told, and not in public'
for path in / /about /feed.atom /feed.rss /feed.json /healthz '/readyz?full'; do want "$path" answers "$path" 200; done
want '/metrics is not public' answers /metrics 404
want 'monitors are told' within python -c \
    'import urllib.request as u; assert b"digest_store_up 1.0" in u.urlopen("http://127.0.0.1:9464/metrics").read()'

say 'without a dump it is the demo, which says so and is apart'
want 'the log says so' grep -q 'This is the demo' <<<"$(docker compose logs digest)"
want 'its feed says so' tells 演示
want 'the real store is not made' refuses within test -e /data/digest.db

say 'nobody special, nothing writable'
want 'uid 10001' same "$(within id -u)" 10001
want 'the root is read only' refuses within touch /written
want 'dumps are read only' refuses within touch /dumps/written
size=$(($(docker image inspect -f '{{.Size}}' digest) - $(docker image inspect -f '{{.Size}}' python:3.13-slim)))
echo "   the image adds $((size / 1000000)) MB to its base"
want 'less than 200 MB' test $size -lt 200000000

say 'no key or password of the checkout is in the image'
docker image save digest | python3 .ci/smoke/secrets.py find

say 'a dump comes out in the feed'
digest subscribers add ada@example.org
cp config/demo/samples/*.txt dumps/
chmod -R a+rX dumps
digest refresh 2>/dev/null
soon 30 'the demo is over' no_demo
want 'its entry stands in the feed' tells 圆周率日

say 'a mail comes out by itself, once'
soon 120 'a mail in the maildir, as docs/deploy.md promises' has_mails 1
ids=$(entry_ids) told=$(mails) body=$(feed | sha256sum)
restarted
soon 30 'the first pass is through' answers '/readyz?full' 200
digest refresh 2>/dev/null
digest edition send
want 'no mail twice' same "$(mails)" "$told"
want 'no entry twice' same "$(entry_ids)" "$ids"
want 'the same bytes' same "$(feed | sha256sum)" "$body"
echo 'well'
