#!/usr/bin/env bash
# The container way of docs/deploy.md, line by line: a dump in ./dumps comes out in feed and mail, and nothing twice; then
# the mail catcher. A line of the page that is not known here fails the smoke. Between the lines it looks at more.
set -euo pipefail
. "$(dirname "$0")/shared.sh"
export COMPOSE_PROFILES=single # as .env of the checkout has it

digest() { docker compose exec -T digest digest "$@"; }
within() { docker compose exec -T digest "$@"; }
mails() { within sh -c 'ls /data/mail/new 2>/dev/null || true'; }
has_mails() { [ "$(mails | wc -l)" = "$1" ]; }
entry_ids() { feed | grep -o '<id>[^<]*</id>'; }
refuses() { ! "$@" 2>/dev/null; }
stopped_well() { [ "$(docker compose ps -a --format '{{.ExitCode}}' digest)" = 0 ]; }
caught() { curl -fsS 'http://127.0.0.1:8025/api/v1/messages?limit=10' | python3 -c 'import json, sys; print(json.load(sys.stdin)["total"])'; }
catches() { [ "$(caught)" = "$1" ]; }

restarted() {
    local began=$SECONDS
    docker compose stop >/dev/null 2>&1
    [ $((SECONDS - began)) -le 10 ] || { echo 'not stopped within 10 s' >&2; exit 1; }
    want 'it ends by itself on its signal' stopped_well
    docker compose up -d --no-build >/dev/null 2>&1
    soon 30 'it answers after a restart' answers /healthz 200
}

# run LINE: types a line of the page. The image is built already, nobody sits at a terminal, and the samples are dumps.
run() {
    local line=${1//--build/--no-build}
    line=${line//docker compose exec /docker compose exec -T }
    line=${line//<your dumps>/config/demo/samples}
    bash -c "$line" </dev/null
}

looks_at_the_demo() {
    say 'each profile is valid'
    for profile in single dev scale; do
        want "$profile" env -u COMPOSE_FILE -u COMPOSE_PROFILES docker compose -f docker-compose.yml --profile "$profile" config -q
    done
    say 'pages and feed answer, monitors are told, and not in public'
    soon 60 'it answers' answers /healthz 200
    for path in / /about /feed.atom /feed.rss /feed.json /healthz '/readyz?full'; do want "$path" answers "$path" 200; done
    want '/metrics is not public' answers /metrics 404
    want 'monitors are told' within python -c \
        'import urllib.request as u; assert b"digest_store_up 1.0" in u.urlopen("http://127.0.0.1:9464/metrics").read()'

    say 'without a dump it is the demo, which says so and is apart'
    want 'the log says so' grep -q 'This is the demo' <<<"$(docker compose logs digest)"
    want 'its feed says so' tells 演示
    want 'its mails say so' within sh -c 'grep -rq "From: .*demo" /data/demo/mail/new'
    want 'the real store is not made' refuses within test -e /data/digest.db

    say 'nobody special, nothing writable'
    want 'uid 10001' same "$(within id -u)" 10001
    want 'the root is read only' refuses within touch /written
    want 'dumps are read only' refuses within touch /dumps/written
    size=$(($(docker image inspect -f '{{.Size}}' digest) - $(docker image inspect -f '{{.Size}}' python:3.13-slim)))
    echo "   the image adds $((size / 1000000)) MB to its base"
    want 'less than 150 MB' test $size -lt 150000000

    want 'compiled by contents, not by time' within python -c \
        'import pathlib as p; assert {f.read_bytes()[4] for f in p.Path("/opt/digest/lib").rglob("*.pyc")} == {1}'

    say 'no key or password of the checkout is in the image'
    docker image save digest | python3 .ci/smoke/secrets.py find
}

looks_at_the_feed() {
    say 'a dump came out in the feed'
    soon 30 'the demo is over' no_demo
    want 'its entry stands in the feed' tells 圆周率日
    say 'a mail comes out by itself, once'
    soon 120 'a mail in the maildir, as docs/deploy.md promises' has_mails 1
}

looks_for_twice() {
    say 'nothing comes twice'
    ids=$(entry_ids) told=$(mails) body=$(feed | sha256sum)
    restarted
    soon 30 'the first pass is through' answers '/readyz?full' 200
    digest refresh 2>/dev/null
    digest edition send
    want 'no mail twice' same "$(mails)" "$told"
    want 'no entry twice' same "$(entry_ids)" "$ids"
    want 'the same bytes' same "$(feed | sha256sum)" "$body"
}

lines=$(python3 .ci/smoke/typed.py docs/deploy.md '## Feed and mail in five minutes')
want 'the page has commands' test "$(wc -l <<<"$lines")" -ge 10
while IFS= read -r line <&3; do
    say "$line"
    case $line in
        'mkdir -p dumps') run "$line" ;;
        'docker compose up --detach --build') run "$line"; looks_at_the_demo ;;
        'docker compose exec digest digest subscribers add you@example.org --name You') run "$line" ;;
        'cp <your dumps>/*.txt dumps/') run "$line"; chmod -R a+rX dumps ;;
        'docker compose exec digest digest refresh') run "$line" 2>/dev/null; looks_at_the_feed ;;
        'docker compose exec digest digest edition list') want 'an edition is listed' grep -q 'weekly/' <<<"$(run "$line")" ;;
        "docker compose exec digest sh -c 'cat /data/mail/new/*'") want 'the mail is there' grep -q '^To: .*you@example.org' <<<"$(run "$line")"; looks_for_twice ;;
        'docker compose down') run "$line" ;;
        'docker compose --profile dev up --detach --build') run "$line"; soon 60 'the catcher answers' catches 0 ;;
        'docker compose exec digest-dev digest refresh') run "$line" 2>/dev/null ;;
        'docker compose exec digest-dev digest edition test you@example.org') run "$line"; soon 30 'the test is caught' catches 1 ;;
        'docker compose exec digest-dev digest edition cut') run "$line" ;;
        'docker compose exec digest-dev digest subscribers add you@example.org') run "$line" ;;
        'docker compose exec digest-dev digest edition send') run "$line"; soon 120 'the edition is caught' catches 2 ;;
        *) echo "docs/deploy.md has a command that this smoke does not know: $line" >&2; exit 1 ;;
    esac
done 3<<<"$lines"
echo 'well'
