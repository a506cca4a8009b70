#!/usr/bin/env bash
# Profile `scale`, as somebody comes to it who outgrew one container: the store of the default profile is moved, then
# pages by two web servers behind the cache, a dump read, its digest at a sink, once each, though a worker is killed
# meanwhile; and a backup comes back behind a fence. The lines are those of docs/deploy.md.
set -euo pipefail
. "$(dirname "$0")/shared.sh"
people=200

before() { docker compose --profile single "$@"; }
digest() { docker compose exec -T worker digest "$@"; }
grown() { [ "$(entry_ids)" != "$ids" ]; } # the cache answers once more as before, then asks
entry_ids() { feed | grep -o '<id>[^<]*</id>' | sort; }
database() { docker compose exec -T postgres "$1" --username=digest "${@:2}"; }
caught() { curl -fsS 'http://127.0.0.1:8025/api/v1/messages?limit=1000'; }
total() { caught | python3 -c 'import json, sys; print(json.load(sys.stdin)["total"])'; }
some_caught() { [ "$(total)" -gt 0 ]; }
all_caught() { [ "$(total)" -ge $people ]; }
restarted() { [ "$(docker inspect -f '{{.RestartCount}}{{.State.Running}}' "$worker")" = 1true ]; }
runs() { [ "$(docker compose ps -q --status running "$1" | wc -l)" = "$2" ]; }
hit() { curl -fsSI "$at/feed.atom" | grep -qi 'x-cache: hit'; }

say 'one container with a file knows people and an entry'
docker compose down --volumes --timeout 10 >/dev/null 2>&1
before up --detach --no-build --wait digest >/dev/null 2>&1
python3 -c "print('address'); [print(f'reader{n}@example.org') for n in range($people)]" >dumps/people.csv
before exec -T digest digest subscribers import /dumps/people.csv
rm dumps/people.csv
cp config/demo/samples/index.txt dumps/
chmod -R a+rX dumps
before exec -T digest digest refresh
want 'its entry stands in the feed' tells 为什么一叠纸对折二十次就碰得到云
ids=$(entry_ids)

say 'its store moves before the many start, and the old one is fenced'
before stop >/dev/null 2>&1
docker compose up --detach --wait postgres >/dev/null 2>&1
docker compose run --rm -T -v "${COMPOSE_PROJECT_NAME:-digest}_state:/old" scheduler \
    migrate-store sqlite:////old/digest.db file:/run/secrets/digest_database_url
before run --rm -T digest fence
before rm --force digest >/dev/null 2>&1 # stopped, it would count as one that died; the volume stays
docker compose up --detach --no-build --wait proxy web worker sink >/dev/null 2>&1
want 'every entry has the id that it had' same "$(entry_ids)" "$ids"

say 'pages answer, the cache keeps feeds, monitors are told, and not in public'
for path in / /feed.atom /feed.rss /feed.json /healthz '/readyz?full'; do want "$path" answers "$path" 200; done
want '/metrics is not public' answers /metrics 404
want 'two web servers' runs web 2
want 'two workers' runs worker 2
feed >/dev/null
want 'a feed comes from the cache' hit
bare() { docker compose exec -T --index "$1" web python -c \
    'import urllib.request as u; r = u.urlopen("http://127.0.0.1:8080/feed.atom"); print(r.headers["ETag"], len(r.read()))'; }

say 'a dump comes out in the feed'
cp config/demo/samples/*.txt dumps/
chmod -R a+rX dumps
digest refresh
soon 30 'its entries stand in the feed' grown
want 'both web servers say the same' same "$(bare 1)" "$(bare 2)"

say 'its digest reaches everybody, though a worker is killed'
workers=$(docker compose ps -q worker)
worker=${workers%%$'\n'*} # not by head: who writes to it when it has gone ends with an error
pid=$(docker inspect -f '{{.State.Pid}}' "$worker")
want 'nothing was mailed before it is due' same "$(total)" 0
docker compose up --detach --no-build scheduler >/dev/null 2>&1
soon 120 'the first mails' some_caught
kill -9 "$pid"
soon 120 'a mail to each' all_caught
soon 30 'the killed worker is back' restarted
caught | python3 -c "
import collections, json, sys
messages = json.load(sys.stdin)['messages']
times = collections.Counter(message['To'][0]['Address'] for message in messages)
assert len(times) == $people, len(times)
twice = {to for to, often in times.items() if often > 1}
ids = {message['MessageID'] for message in messages}
assert len(ids) == $people  # who got one twice got the same, under the same Message-ID
assert len(twice) <= 4, twice  # at most what the killed worker had begun: one a connection
print(f'   {len(messages)} mails to {len(times)} people')
"

say 'a backup comes back behind a fence'
sent=$(total) ids=$(entry_ids)
database pg_dump --format=custom digest >digest.dump
docker compose stop proxy web worker scheduler >/dev/null 2>&1
database dropdb --force digest
database createdb --template=template0 --encoding=UTF8 digest
database pg_restore --dbname=digest --single-transaction <digest.dump
docker compose run --rm -T scheduler fence
docker compose up --detach --no-build --wait >/dev/null 2>&1
want 'every entry is there' same "$(entry_ids)" "$ids"
want 'it is fenced' grep "^FENCED" <<<"$(digest status || true)"
digest unfence --as-sent --yes
want 'no mail went out' same "$(total)" "$sent"
echo 'well'
