CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE meta (
	id INTEGER NOT NULL, 
	secret BLOB NOT NULL, 
	published INTEGER NOT NULL, 
	published_at DATETIME NOT NULL, 
	pause_reason TEXT, 
	paused_until DATETIME, 
	pinged INTEGER NOT NULL, 
	backed_up_at DATETIME, 
	fenced_at DATETIME, 
	CONSTRAINT pk_meta PRIMARY KEY (id), 
	CONSTRAINT ck_meta_one_row CHECK (id = 1)
);
CREATE TABLE sources (
	id TEXT NOT NULL, 
	registered_at DATETIME NOT NULL, 
	settled_at DATETIME, 
	refreshed_at DATETIME, 
	problem TEXT NOT NULL, 
	failures INTEGER NOT NULL, 
	CONSTRAINT pk_sources PRIMARY KEY (id)
);
CREATE TABLE dumps (
	source TEXT NOT NULL, 
	path TEXT NOT NULL, 
	stamp TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	state TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	read_at DATETIME NOT NULL, 
	sightings INTEGER NOT NULL, 
	unreadable BOOLEAN NOT NULL, 
	approved TEXT, 
	discarded TEXT, rules INTEGER DEFAULT '1' NOT NULL, changed_at DATETIME, confirmed_at DATETIME, weigh_at DATETIME, waiting JSON, overwritten JSON, agreed INTEGER DEFAULT '0' NOT NULL, notes JSON, left_out BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_dumps PRIMARY KEY (source, path), 
	CONSTRAINT fk_dumps_source FOREIGN KEY(source) REFERENCES sources (id), 
	CONSTRAINT ck_dumps_state CHECK (state IN ('good', 'held', 'failed'))
);
CREATE TABLE reports (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	source TEXT NOT NULL, 
	path TEXT NOT NULL, 
	title TEXT NOT NULL, 
	candidates JSON NOT NULL, 
	outcome TEXT NOT NULL, 
	standing BOOLEAN NOT NULL, 
	CONSTRAINT pk_reports PRIMARY KEY (id), 
	CONSTRAINT fk_reports_source_path FOREIGN KEY(source, path) REFERENCES dumps (source, path)
);
CREATE TABLE entries (
	id TEXT NOT NULL, 
	atom_id TEXT NOT NULL, 
	first_source TEXT NOT NULL, 
	first_seen_at DATETIME NOT NULL, 
	page_order INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	date_kind TEXT, 
	date_month INTEGER, 
	date_day INTEGER, 
	date_full DATE, 
	readers INTEGER, 
	updated_at DATETIME, 
	announced BOOLEAN NOT NULL, 
	removed_at DATETIME, 
	CONSTRAINT pk_entries PRIMARY KEY (id), 
	CONSTRAINT fk_entries_first_source FOREIGN KEY(first_source) REFERENCES sources (id), 
	CONSTRAINT uq_entries_atom_id UNIQUE (atom_id), 
	CONSTRAINT ck_entries_revision CHECK (revision >= 1), 
	CONSTRAINT ck_entries_announced CHECK (updated_at IS NOT NULL OR NOT announced), 
	CONSTRAINT ck_entries_date_kind CHECK (date_kind IN ('exact', 'inferred', 'partial')), 
	CONSTRAINT ck_entries_date_month CHECK ((date_kind IS NULL) = (date_month IS NULL)), 
	CONSTRAINT ck_entries_date_day CHECK ((date_kind IS NULL) = (date_day IS NULL)), 
	CONSTRAINT ck_entries_date_full CHECK ((date_kind IS NULL OR date_kind = 'partial') = (date_full IS NULL))
);
CREATE TABLE revisions (
	entry_id TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	cause TEXT NOT NULL, 
	significant BOOLEAN NOT NULL, 
	source TEXT, 
	path TEXT, 
	title TEXT NOT NULL, 
	author TEXT, 
	paragraphs JSON NOT NULL, 
	figures JSON NOT NULL, 
	complete BOOLEAN NOT NULL, 
	date_kind TEXT, 
	date_month INTEGER, 
	date_day INTEGER, 
	date_full DATE, 
	CONSTRAINT pk_revisions PRIMARY KEY (entry_id, number), 
	CONSTRAINT fk_revisions_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id), 
	CONSTRAINT ck_revisions_date_kind CHECK (date_kind IN ('exact', 'inferred', 'partial')), 
	CONSTRAINT ck_revisions_date_month CHECK ((date_kind IS NULL) = (date_month IS NULL)), 
	CONSTRAINT ck_revisions_date_day CHECK ((date_kind IS NULL) = (date_day IS NULL)), 
	CONSTRAINT ck_revisions_date_full CHECK ((date_kind IS NULL OR date_kind = 'partial') = (date_full IS NULL))
);
CREATE TABLE entry_keys (
	kind TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	entry_id TEXT NOT NULL, 
	CONSTRAINT pk_entry_keys PRIMARY KEY (kind, "key", entry_id), 
	CONSTRAINT fk_entry_keys_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id), 
	CONSTRAINT ck_entry_keys_kind CHECK (kind IN ('title', 'lead'))
);
CREATE TABLE entry_sources (
	entry_id TEXT NOT NULL, 
	source TEXT NOT NULL, 
	first_seen_at DATETIME NOT NULL, 
	path TEXT NOT NULL, 
	because TEXT NOT NULL, 
	CONSTRAINT pk_entry_sources PRIMARY KEY (entry_id, source), 
	CONSTRAINT fk_entry_sources_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id), 
	CONSTRAINT fk_entry_sources_source FOREIGN KEY(source) REFERENCES sources (id)
);
CREATE TABLE feed_entries (
	feed TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	entry_id TEXT NOT NULL, 
	CONSTRAINT pk_feed_entries PRIMARY KEY (feed, number), 
	CONSTRAINT fk_feed_entries_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id), 
	CONSTRAINT uq_feed_entries_entry_id UNIQUE (entry_id, feed), 
	CONSTRAINT ck_feed_entries_number CHECK (number >= 1)
);
CREATE TABLE reader_counts (
	entry_id TEXT NOT NULL, 
	counted_at DATETIME NOT NULL, 
	source TEXT NOT NULL, 
	readers INTEGER NOT NULL, 
	CONSTRAINT pk_reader_counts PRIMARY KEY (entry_id, counted_at, source), 
	CONSTRAINT fk_reader_counts_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id), 
	CONSTRAINT fk_reader_counts_source FOREIGN KEY(source) REFERENCES sources (id)
);
CREATE TABLE searched (
	number INTEGER NOT NULL, 
	entry_id TEXT NOT NULL, 
	title TEXT NOT NULL, 
	body TEXT NOT NULL, 
	CONSTRAINT pk_searched PRIMARY KEY (number), 
	CONSTRAINT fk_searched_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id), 
	CONSTRAINT uq_searched_entry_id UNIQUE (entry_id)
);
CREATE TABLE pictures (
	name TEXT NOT NULL, 
	png BLOB, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	depth INTEGER NOT NULL, 
	CONSTRAINT pk_pictures PRIMARY KEY (name)
);
CREATE TABLE placings (
	source TEXT NOT NULL, 
	path TEXT NOT NULL, 
	page INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	entry_id TEXT NOT NULL, 
	title TEXT NOT NULL, 
	month INTEGER, 
	day INTEGER, 
	year INTEGER, 
	readers INTEGER, 
	"view" TEXT NOT NULL, 
	complete BOOLEAN NOT NULL, 
	because TEXT NOT NULL, revision INTEGER, body JSON, 
	CONSTRAINT pk_placings PRIMARY KEY (source, path, page, position), 
	CONSTRAINT fk_placings_source_path FOREIGN KEY(source, path) REFERENCES dumps (source, path), 
	CONSTRAINT fk_placings_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id), 
	CONSTRAINT ck_placings_evidence CHECK ((month IS NULL) = (day IS NULL) AND (month IS NOT NULL OR year IS NULL))
);
CREATE TABLE digests (
	id TEXT NOT NULL, 
	configured_at DATETIME NOT NULL, 
	CONSTRAINT pk_digests PRIMARY KEY (id)
);
CREATE TABLE editions (
	"key" TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	slot_at DATETIME, 
	opens_at DATETIME, 
	closes_at DATETIME NOT NULL, 
	empty BOOLEAN NOT NULL, 
	CONSTRAINT pk_editions PRIMARY KEY ("key"), 
	CONSTRAINT fk_editions_digest FOREIGN KEY(digest) REFERENCES digests (id), 
	CONSTRAINT uq_editions_digest UNIQUE (digest, slot_at)
);
CREATE TABLE edition_entries (
	edition TEXT NOT NULL, 
	ordinal INTEGER NOT NULL, 
	section TEXT NOT NULL, 
	entry_id TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	gained INTEGER, 
	CONSTRAINT pk_edition_entries PRIMARY KEY (edition, ordinal), 
	CONSTRAINT fk_edition_entries_entry_id_revision FOREIGN KEY(entry_id, revision) REFERENCES revisions (entry_id, number), 
	CONSTRAINT fk_edition_entries_edition FOREIGN KEY(edition) REFERENCES editions ("key"), 
	CONSTRAINT ck_edition_entries_section CHECK (section IN ('new', 'catch_up', 'most_read', 'corrected'))
);
CREATE TABLE edition_bodies (
	edition TEXT NOT NULL, 
	ordinal INTEGER NOT NULL, 
	language TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	html TEXT NOT NULL, 
	text TEXT NOT NULL, 
	told JSON NOT NULL, 
	CONSTRAINT pk_edition_bodies PRIMARY KEY (edition, ordinal), 
	CONSTRAINT fk_edition_bodies_edition FOREIGN KEY(edition) REFERENCES editions ("key")
);
CREATE TABLE subscribers (
	id INTEGER NOT NULL, 
	address TEXT, 
	address_key TEXT, 
	name TEXT NOT NULL, 
	language TEXT NOT NULL, 
	format TEXT NOT NULL, 
	timezone TEXT NOT NULL, 
	topics JSON NOT NULL, 
	paused_until DATETIME, 
	created_at DATETIME NOT NULL, 
	suppressed TEXT NOT NULL, 
	suppressed_at DATETIME, 
	erased_at DATETIME, 
	CONSTRAINT pk_subscribers PRIMARY KEY (id), 
	CONSTRAINT uq_subscribers_address_key UNIQUE (address_key), 
	CONSTRAINT ck_subscribers_format CHECK (format IN ('both', 'text')), 
	CONSTRAINT ck_subscribers_address CHECK ((address IS NULL) = (erased_at IS NOT NULL)), 
	CONSTRAINT ck_subscribers_address_key CHECK ((address_key IS NULL) = (erased_at IS NOT NULL))
);
CREATE TABLE subscriptions (
	subscriber_id INTEGER NOT NULL, 
	digest TEXT NOT NULL, 
	joined_at DATETIME NOT NULL, 
	since DATETIME NOT NULL, 
	behind BOOLEAN NOT NULL, 
	left_at DATETIME, 
	CONSTRAINT pk_subscriptions PRIMARY KEY (subscriber_id, digest), 
	CONSTRAINT fk_subscriptions_subscriber_id FOREIGN KEY(subscriber_id) REFERENCES subscribers (id)
);
CREATE TABLE consents (
	id INTEGER NOT NULL, 
	subscriber_id INTEGER NOT NULL, 
	digest TEXT NOT NULL, 
	act TEXT NOT NULL, 
	source TEXT NOT NULL, 
	wording TEXT NOT NULL, 
	asked_at DATETIME, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_consents PRIMARY KEY (id), 
	CONSTRAINT fk_consents_subscriber_id FOREIGN KEY(subscriber_id) REFERENCES subscribers (id), 
	CONSTRAINT ck_consents_act CHECK (act IN ('joined', 'left'))
);
CREATE TABLE deliveries (
	edition TEXT NOT NULL, 
	subscriber_id INTEGER NOT NULL, 
	variant INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_at DATETIME, 
	leased_until DATETIME, 
	leased_from TEXT, 
	begun BOOLEAN NOT NULL, 
	uncertain INTEGER NOT NULL, 
	message_id TEXT NOT NULL, 
	code INTEGER, 
	text TEXT NOT NULL, 
	accepted_at DATETIME, 
	begun_at DATETIME, 
	written_at DATETIME NOT NULL, 
	CONSTRAINT pk_deliveries PRIMARY KEY (edition, subscriber_id), 
	CONSTRAINT fk_deliveries_edition FOREIGN KEY(edition) REFERENCES editions ("key"), 
	CONSTRAINT fk_deliveries_subscriber_id FOREIGN KEY(subscriber_id) REFERENCES subscribers (id), 
	CONSTRAINT fk_deliveries_edition_variant FOREIGN KEY(edition, variant) REFERENCES edition_bodies (edition, ordinal), 
	CONSTRAINT ck_deliveries_state CHECK (state IN ('planned', 'leased', 'accepted', 'deferred', 'failed', 'suppressed', 'unknown')), 
	CONSTRAINT ck_deliveries_attempts CHECK (attempts >= 0), 
	CONSTRAINT ck_deliveries_open CHECK (state NOT IN ('planned', 'leased', 'deferred') OR next_at IS NOT NULL), 
	CONSTRAINT ck_deliveries_ended CHECK (state NOT IN ('accepted', 'failed', 'suppressed') OR next_at IS NULL), 
	CONSTRAINT ck_deliveries_leased_until CHECK ((state = 'leased') = (leased_until IS NOT NULL)), 
	CONSTRAINT ck_deliveries_leased_from CHECK ((state = 'leased') = (leased_from IS NOT NULL)), 
	CONSTRAINT ck_deliveries_begun CHECK (state = 'leased' OR NOT begun), 
	CONSTRAINT ck_deliveries_accepted_at CHECK ((state = 'accepted') = (accepted_at IS NOT NULL))
);
CREATE TABLE erased (
	address_hash TEXT NOT NULL, 
	erased_at DATETIME NOT NULL, 
	CONSTRAINT pk_erased PRIMARY KEY (address_hash)
);
CREATE TABLE confirmations (
	id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	address TEXT NOT NULL, 
	address_key TEXT NOT NULL, 
	subscriber_id INTEGER, 
	digests JSON NOT NULL, 
	language TEXT NOT NULL, 
	latest BOOLEAN NOT NULL, 
	network TEXT NOT NULL, 
	asked_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	done_at DATETIME, 
	attempts INTEGER NOT NULL, 
	next_at DATETIME, 
	text TEXT NOT NULL, 
	CONSTRAINT pk_confirmations PRIMARY KEY (id), 
	CONSTRAINT fk_confirmations_subscriber_id FOREIGN KEY(subscriber_id) REFERENCES subscribers (id), 
	CONSTRAINT ck_confirmations_kind CHECK (kind IN ('join', 'access')), 
	CONSTRAINT ck_confirmations_subscriber CHECK ((kind = 'access') = (subscriber_id IS NOT NULL))
);
CREATE TABLE bounces (
	id INTEGER NOT NULL, 
	subscriber_id INTEGER NOT NULL, 
	edition TEXT NOT NULL, 
	message TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	status TEXT NOT NULL, 
	text TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_bounces PRIMARY KEY (id), 
	CONSTRAINT fk_bounces_subscriber_id FOREIGN KEY(subscriber_id) REFERENCES subscribers (id), 
	CONSTRAINT fk_bounces_edition FOREIGN KEY(edition) REFERENCES editions ("key"), 
	CONSTRAINT uq_bounces_message UNIQUE (message), 
	CONSTRAINT ck_bounces_kind CHECK (kind IN ('hard', 'soft', 'refused', 'delayed', 'complaint', 'other'))
);
CREATE TABLE ignored_mail (
	reason TEXT NOT NULL, 
	count INTEGER NOT NULL, 
	newest_at DATETIME NOT NULL, 
	CONSTRAINT pk_ignored_mail PRIMARY KEY (reason)
);
CREATE TABLE suppressions (
	id INTEGER NOT NULL, 
	subscriber_id INTEGER NOT NULL, 
	act TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_suppressions PRIMARY KEY (id), 
	CONSTRAINT fk_suppressions_subscriber_id FOREIGN KEY(subscriber_id) REFERENCES subscribers (id), 
	CONSTRAINT ck_suppressions_act CHECK (act IN ('suppressed', 'unsuppressed'))
);
CREATE TABLE alerts (
	subject TEXT NOT NULL, 
	problem TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	told_at DATETIME, 
	well_since DATETIME, 
	CONSTRAINT pk_alerts PRIMARY KEY (subject)
);
CREATE TABLE alert_notices (
	id INTEGER NOT NULL, 
	channel TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	problem TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	made_at DATETIME NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_at DATETIME NOT NULL, 
	CONSTRAINT pk_alert_notices PRIMARY KEY (id), 
	CONSTRAINT ck_alert_notices_kind CHECK (kind IN ('trouble', 'well', 'test'))
);
CREATE TABLE delivery_counts (
	edition TEXT NOT NULL, 
	state TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	CONSTRAINT pk_delivery_counts PRIMARY KEY (edition, state), 
	CONSTRAINT fk_delivery_counts_edition FOREIGN KEY(edition) REFERENCES editions ("key"), 
	CONSTRAINT ck_delivery_counts_state CHECK (state IN ('planned', 'leased', 'accepted', 'deferred', 'failed', 'suppressed', 'unknown'))
);
CREATE TABLE renamed_sources (
	old TEXT NOT NULL, 
	new TEXT NOT NULL, 
	first TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_renamed_sources PRIMARY KEY (old), 
	CONSTRAINT fk_renamed_sources_new FOREIGN KEY(new) REFERENCES sources (id)
);
CREATE VIRTUAL TABLE search_index USING fts5(title, body, content='searched', content_rowid='number', tokenize='ascii');
INSERT INTO alembic_version (version_num) VALUES ('0003');
INSERT INTO meta (id, secret, published, published_at, pause_reason, paused_until, pinged, backed_up_at, fenced_at) VALUES (1, X'74686520736563726574206F6620616E206F6C6465722070726F6772616D2E2E', 2, '2026-03-10 04:00:00.000000', NULL, NULL, 0, NULL, NULL);
INSERT INTO sources (id, registered_at, settled_at, refreshed_at, problem, failures) VALUES ('blog', '2026-03-02 04:00:00.000000', '2026-03-02 04:00:00.000000', '2026-03-10 04:00:00.000000', '', 0);
INSERT INTO dumps (source, path, stamp, sha256, state, reason, read_at, sightings, unreadable, approved, discarded, rules, changed_at, confirmed_at, weigh_at, waiting, overwritten, agreed, notes, left_out) VALUES ('blog', 'page.txt', '559 1773115140000000000 2556602', '5c04caaf933e5ed7425869f30b29c725a8d7e5caa0a82f8834b3231ee0aa4d86', 'good', '', '2026-03-10 04:00:00.000000', 4, 0, NULL, NULL, 2, '2026-03-10 04:00:00.000000', '2026-03-10 04:00:00.000000', NULL, NULL, NULL, 0, NULL, 0);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('yeb5c2hf4umty', 'tag:digest.example.org,2026:entry/yeb5c2hf4umty', 'blog', '2026-03-02 04:00:00.000000', 0, 1, 'exact', 2, 11, '2026-02-11', 1200, '2026-03-02 04:00:00.000000', 1, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('hx7hkg5askymy', 'tag:digest.example.org,2026:entry/hx7hkg5askymy', 'blog', '2026-03-02 04:00:00.000000', 1, 2, 'exact', 2, 20, '2026-02-20', 350, '2026-03-10 04:00:00.000000', 1, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('hto5h7x5ebmvw', 'tag:digest.example.org,2026:entry/hto5h7x5ebmvw', 'blog', '2026-03-02 04:00:00.000000', 2, 1, 'exact', 3, 1, '2026-03-01', 90, '2026-03-02 04:00:00.000000', 1, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('nnfcvt3n2kcbo', 'tag:digest.example.org,2026:entry/nnfcvt3n2kcbo', 'blog', '2026-03-10 04:00:00.000000', 0, 1, 'exact', 3, 9, '2026-03-09', 20, '2026-03-10 04:00:00.000000', 1, NULL);
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('yeb5c2hf4umty', 1, '2026-03-02 04:00:00.000000', 'first', 1, 'blog', 'page.txt', '数的故事', '林间', '["数从结绳开始，后来有了文字，再后来有了方程。"]', '[]', 1, 'exact', 2, 11, '2026-02-11');
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('hx7hkg5askymy', 1, '2026-03-02 04:00:00.000000', 'first', 1, 'blog', 'page.txt', '山中的雨', '林间', '["山中的雨来得快，去得也快，石阶上只留下一层水。"]', '[]', 1, 'exact', 2, 20, '2026-02-20');
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('hto5h7x5ebmvw', 1, '2026-03-02 04:00:00.000000', 'first', 1, 'blog', 'page.txt', '群论札记', '林间', '["群是对称的语言，数与形都可以用它来说。", "第二段讲子群，例子是时钟。"]', '[]', 1, 'exact', 3, 1, '2026-03-01');
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('nnfcvt3n2kcbo', 1, '2026-03-10 04:00:00.000000', 'first', 1, 'blog', 'page.txt', '星夜', '林间', '["没有月亮的夜里，星星多得数不清，也分不清哪一颗先亮。"]', '[]', 1, 'exact', 3, 9, '2026-03-09');
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('hx7hkg5askymy', 2, '2026-03-10 04:00:00.000000', 'text', 1, 'blog', 'page.txt', '山中的雨', '林间', '["山中的雨来得快，去得也快，石阶上只留下一层薄水。"]', '[]', 1, 'exact', 2, 20, '2026-02-20');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '数的故事', 'yeb5c2hf4umty');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '山中的雨', 'hx7hkg5askymy');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '群论札记', 'hto5h7x5ebmvw');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '星夜', 'nnfcvt3n2kcbo');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('yeb5c2hf4umty', 'blog', '2026-03-02 04:00:00.000000', 'page.txt', 'no known entry has its title and day, or its text');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('hx7hkg5askymy', 'blog', '2026-03-02 04:00:00.000000', 'page.txt', 'no known entry has its title and day, or its text');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('hto5h7x5ebmvw', 'blog', '2026-03-02 04:00:00.000000', 'page.txt', 'no known entry has its title and day, or its text');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('nnfcvt3n2kcbo', 'blog', '2026-03-10 04:00:00.000000', 'page.txt', 'no known entry has its title and day, or its text');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 1, 'yeb5c2hf4umty');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 2, 'hx7hkg5askymy');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 3, 'hto5h7x5ebmvw');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 1, 'yeb5c2hf4umty');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 2, 'hx7hkg5askymy');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 3, 'hto5h7x5ebmvw');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('topic/maths/f2810a44', 1, 'yeb5c2hf4umty');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('topic/maths/f2810a44', 2, 'hto5h7x5ebmvw');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 4, 'nnfcvt3n2kcbo');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 4, 'nnfcvt3n2kcbo');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('topic/maths/f2810a44', 3, 'nnfcvt3n2kcbo');
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('yeb5c2hf4umty', '2026-03-02 04:00:00.000000', 'blog', 1200);
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('hx7hkg5askymy', '2026-03-02 04:00:00.000000', 'blog', 300);
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('hto5h7x5ebmvw', '2026-03-02 04:00:00.000000', 'blog', 80);
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('nnfcvt3n2kcbo', '2026-03-10 04:00:00.000000', 'blog', 20);
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('hx7hkg5askymy', '2026-03-10 04:00:00.000000', 'blog', 350);
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('hto5h7x5ebmvw', '2026-03-10 04:00:00.000000', 'blog', 90);
INSERT INTO searched (number, entry_id, title, body) VALUES (1, 'yeb5c2hf4umty', '数的 的故 故事 事', '数从 从结 结绳 绳开 开始 始 后来 来有 有了 了文 文字 字 再后 后来 来有 有了 了方 方程 程');
INSERT INTO searched (number, entry_id, title, body) VALUES (2, 'hx7hkg5askymy', '山中 中的 的雨 雨', '山中 中的 的雨 雨来 来得 得快 快 去得 得也 也快 快 石阶 阶上 上只 只留 留下 下一 一层 层薄 薄水 水');
INSERT INTO searched (number, entry_id, title, body) VALUES (3, 'hto5h7x5ebmvw', '群论 论札 札记 记', '群是 是对 对称 称的 的语 语言 言 数与 与形 形都 都可 可以 以用 用它 它来 来说 说 第二 二段 段讲 讲子 子群 群 例子 子是 是时 时钟 钟');
INSERT INTO searched (number, entry_id, title, body) VALUES (4, 'nnfcvt3n2kcbo', '星夜 夜', '没有 有月 月亮 亮的 的夜 夜里 里 星星 星多 多得 得数 数不 不清 清 也分 分不 不清 清哪 哪一 一颗 颗先 先亮 亮');
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because, revision, body) VALUES ('blog', 'page.txt', 0, 0, 'nnfcvt3n2kcbo', '星夜', 3, 9, 2026, 20, 'x1:d9f03a087b674b27a8dad00fdd5c881b', 1, 'no known entry has its title and day, or its text', 1, NULL);
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because, revision, body) VALUES ('blog', 'page.txt', 0, 1, 'yeb5c2hf4umty', '数的故事', 2, 11, 2026, 1200, 'x1:e1add75ecda4c1ca5e44dbb162e54d51', 1, 'no known entry has its title and day, or its text', 1, NULL);
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because, revision, body) VALUES ('blog', 'page.txt', 0, 2, 'hx7hkg5askymy', '山中的雨', 2, 20, 2026, 350, 'x1:6ddf586e4884549e42acd7d97530076a', 1, 'no known entry has its title and day, or its text', 2, NULL);
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because, revision, body) VALUES ('blog', 'page.txt', 0, 3, 'hto5h7x5ebmvw', '群论札记', 3, 1, 2026, 90, 'x1:91338ba006379c0a98bb7308fcca0cc7', 1, 'no known entry has its title and day, or its text', 1, NULL);
INSERT INTO digests (id, configured_at) VALUES ('weekly', '2026-03-02 04:00:00.000000');
INSERT INTO editions (key, digest, slot_at, opens_at, closes_at, empty) VALUES ('weekly/2026-W10', 'weekly', NULL, NULL, '2026-03-02 04:00:00.000000', 0);
INSERT INTO editions (key, digest, slot_at, opens_at, closes_at, empty) VALUES ('weekly/2026-W11', 'weekly', NULL, '2026-03-02 04:00:00.000000', '2026-03-10 04:00:00.000000', 0);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W10', 0, 'new', 'hto5h7x5ebmvw', 1, NULL);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W10', 1, 'new', 'hx7hkg5askymy', 1, NULL);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W10', 2, 'new', 'yeb5c2hf4umty', 1, NULL);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W11', 0, 'new', 'nnfcvt3n2kcbo', 1, NULL);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W11', 1, 'most_read', 'hx7hkg5askymy', 2, 50);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W11', 2, 'most_read', 'hto5h7x5ebmvw', 1, 10);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W11', 3, 'corrected', 'hx7hkg5askymy', 2, NULL);
INSERT INTO edition_bodies (edition, ordinal, language, subject, html, text, told) VALUES ('weekly/2026-W10', 0, 'zh_CN', '山上 每周摘要 · 3月第1周：群论札记 等3篇', '<!DOCTYPE html><html lang="zh-CN"><head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>山上 每周摘要</title>

<style>
@media (prefers-color-scheme: dark) {
  body, .ground { background-color: #1b1a18 !important; color: #e8e2d6 !important; }
  .sheet { background-color: #25231f !important; color: #e8e2d6 !important; border-top-color: #8a713f !important; }
  a { color: #f0d9a8 !important; }
  h1, h2, h3, h4, h5 { color: #f3ead8 !important; }
  h2 { border-bottom-color: #8a713f !important; }
  .quiet, .facts, .group, .small, .caption, .label, .contents h2, .contents p { color: #b9b0a1 !important; }
  .contents, .code, .figure { background-color: #1e1c19 !important; }
  .code, code { color: #e8e2d6 !important; }
  .gain { background-color: #c9a86a !important; }
  .rest { background-color: #25231f !important; }
  .change { border-left-color: #4a453b !important; }
  del { background-color: #4b2520 !important; color: #f6cfc8 !important; }
  del img { border-color: #f6cfc8 !important; }
  ins img { border-color: #cbeccd !important; }
  ins { background-color: #21402a !important; color: #cbeccd !important; border-bottom-color: #cbeccd !important; }
}
@media (max-width: 480px) {
  .outer { padding: 0 0 24px !important; }
  .sheet { border-radius: 0 !important; }
  .page { padding: 22px 18px 20px !important; }
  .small { padding: 18px 18px 0 !important; }
}</style>
</head>
<body style="margin:0;padding:0;background-color:#f3efe7">
<div class="ground" lang="zh-CN" style="margin:0;padding:0;background-color:#f3efe7;color:#2b2822;font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Microsoft YaHei'', ''Noto Sans CJK SC'', -apple-system, ''Segoe UI'', Roboto, Helvetica, Arial, sans-serif">
<div class="preheader" style="display:none;max-height:0;overflow:hidden;mso-hide:all">山中的雨 · 数的故事</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tbody><tr><td class="outer" align="center" style="padding:24px 8px 32px">
<!--[if mso]><table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
<table class="sheet" role="presentation" border="0" width="600" cellpadding="0" cellspacing="0" style="width:100%;max-width:600px;background-color:#ffffff;color:#2b2822;border-radius:8px;border-top:4px solid #c9a86a"><tbody><tr><td class="page" style="padding:28px 28px 24px;font-size:16px;line-height:1.75;text-align:left;overflow-wrap:anywhere;word-break:break-word">
<h1 style="font-weight:700;color:#2b2822;margin:0 0 4px;font-size:25px;line-height:1.3">山上 每周摘要</h1>
<p class="facts" style="margin:0 0 10px;font-size:14px;line-height:1.6;color:#5f594e">2026年3月2日 · <a href="https://digest.example.org/editions/weekly/2026-W10" style="color:#7a4b12">在网页上阅读</a></p>
<h2 style="font-weight:700;color:#2b2822;margin:36px 0 18px;padding:0 0 6px;border-bottom:2px solid #c9a86a;font-size:18px;line-height:1.4">新文章</h2>
<h3 class="group" style="font-weight:700;color:#5f594e;margin:26px 0 14px;font-size:14px;line-height:1.4;letter-spacing:0.08em">数学</h3>
<div class="entry" style="margin:0 0 30px">
<h4 class="title" style="font-weight:700;color:#2b2822;margin:0 0 4px;font-size:19px;line-height:1.45"><a href="https://digest.example.org/entries/hto5h7x5ebmvw" style="color:#7a4b12;text-decoration:none">群论札记</a></h4>
<p class="facts" style="margin:0 0 10px;font-size:14px;line-height:1.6;color:#5f594e">林间 · 2026年3月1日</p>
<div>
<p style="margin:0 0 12px">群是对称的语言，数与形都可以用它来说。</p>
<p style="margin:0 0 12px">第二段讲子群，例子是时钟。</p>
</div>
<p class="more" style="margin:0;font-size:14px"><a href="https://digest.example.org/entries/hto5h7x5ebmvw" style="color:#7a4b12">继续阅读</a></p>
</div><div class="entry" style="margin:0 0 30px">
<h4 class="title" style="font-weight:700;color:#2b2822;margin:0 0 4px;font-size:19px;line-height:1.45"><a href="https://digest.example.org/entries/yeb5c2hf4umty" style="color:#7a4b12;text-decoration:none">数的故事</a></h4>
<p class="facts" style="margin:0 0 10px;font-size:14px;line-height:1.6;color:#5f594e">林间 · 2026年2月11日</p>
<div>
<p style="margin:0 0 12px">数从结绳开始，后来有了文字，再后来有了方程。</p>
</div>
<p class="more" style="margin:0;font-size:14px"><a href="https://digest.example.org/entries/yeb5c2hf4umty" style="color:#7a4b12">继续阅读</a></p>
</div><h3 class="group" style="font-weight:700;color:#5f594e;margin:26px 0 14px;font-size:14px;line-height:1.4;letter-spacing:0.08em">其他</h3>
<div class="entry" style="margin:0 0 30px">
<h4 class="title" style="font-weight:700;color:#2b2822;margin:0 0 4px;font-size:19px;line-height:1.45"><a href="https://digest.example.org/entries/hx7hkg5askymy" style="color:#7a4b12;text-decoration:none">山中的雨</a></h4>
<p class="facts" style="margin:0 0 10px;font-size:14px;line-height:1.6;color:#5f594e">林间 · 2026年2月20日</p>
<div>
<p style="margin:0 0 12px">山中的雨来得快，去得也快，石阶上只留下一层水。</p>
</div>
<p class="more" style="margin:0;font-size:14px"><a href="https://digest.example.org/entries/hx7hkg5askymy" style="color:#7a4b12">继续阅读</a></p>
</div></td></tr></tbody></table>
<table class="foot" role="presentation" border="0" width="600" cellpadding="0" cellspacing="0" style="width:100%;max-width:600px"><tbody><tr><td class="small" style="padding:20px 28px 0;font-size:13px;line-height:1.7;text-align:left;color:#5f594e;overflow-wrap:anywhere;word-break:break-word">
<p style="margin:0 0 8px">您收到这封信，是因为 address 于agreed同意接收《山上 每周摘要》。</p>
<p style="margin:0 0 8px"><a href="preferences" style="color:#7a4b12">更改订阅偏好</a> · <a href="leave" style="color:#7a4b12">退订（Unsubscribe）</a> · <a href="https://digest.example.org/editions/weekly/2026-W10" style="color:#7a4b12">在网页上阅读</a> · <a href="https://digest.example.org/" style="color:#7a4b12">全部文章与订阅源</a></p>
<p style="margin:0 0 8px">是别人转给您的？ <a href="https://digest.example.org/subscribe" style="color:#7a4b12">自己订阅一份</a></p>
</td></tr></tbody></table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr></tbody></table>
</div>

</body></html>', '山上 每周摘要
2026年3月2日
https://digest.example.org/editions/weekly/2026-W10

== 新文章 ==

-- 数学 --

* 群论札记
  林间 · 2026年3月1日
  https://digest.example.org/entries/hto5h7x5ebmvw

  群是对称的语言，数与形都可以用它来说。

  第二段讲子群，例子是时钟。

* 数的故事
  林间 · 2026年2月11日
  https://digest.example.org/entries/yeb5c2hf4umty

  数从结绳开始，后来有了文字，再后来有了方程。

-- 其他 --

* 山中的雨
  林间 · 2026年2月20日
  https://digest.example.org/entries/hx7hkg5askymy

  山中的雨来得快，去得也快，石阶上只留下一层水。

--
您收到这封信，是因为这个地址于agreed同意接收《山上 每周摘要》。
  address
更改订阅偏好：
  preferences
退订（Unsubscribe）：
  leave
全部文章与订阅源：
  https://digest.example.org/
是别人转给您的？ 自己订阅一份：
  https://digest.example.org/subscribe
', '[0, 1, 2]');
INSERT INTO edition_bodies (edition, ordinal, language, subject, html, text, told) VALUES ('weekly/2026-W11', 0, 'zh_CN', '山上 每周摘要 · 3月第2周：星夜', '<!DOCTYPE html><html lang="zh-CN"><head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>山上 每周摘要</title>

<style>
@media (prefers-color-scheme: dark) {
  body, .ground { background-color: #1b1a18 !important; color: #e8e2d6 !important; }
  .sheet { background-color: #25231f !important; color: #e8e2d6 !important; border-top-color: #8a713f !important; }
  a { color: #f0d9a8 !important; }
  h1, h2, h3, h4, h5 { color: #f3ead8 !important; }
  h2 { border-bottom-color: #8a713f !important; }
  .quiet, .facts, .group, .small, .caption, .label, .contents h2, .contents p { color: #b9b0a1 !important; }
  .contents, .code, .figure { background-color: #1e1c19 !important; }
  .code, code { color: #e8e2d6 !important; }
  .gain { background-color: #c9a86a !important; }
  .rest { background-color: #25231f !important; }
  .change { border-left-color: #4a453b !important; }
  del { background-color: #4b2520 !important; color: #f6cfc8 !important; }
  del img { border-color: #f6cfc8 !important; }
  ins img { border-color: #cbeccd !important; }
  ins { background-color: #21402a !important; color: #cbeccd !important; border-bottom-color: #cbeccd !important; }
}
@media (max-width: 480px) {
  .outer { padding: 0 0 24px !important; }
  .sheet { border-radius: 0 !important; }
  .page { padding: 22px 18px 20px !important; }
  .small { padding: 18px 18px 0 !important; }
}</style>
</head>
<body style="margin:0;padding:0;background-color:#f3efe7">
<div class="ground" lang="zh-CN" style="margin:0;padding:0;background-color:#f3efe7;color:#2b2822;font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Microsoft YaHei'', ''Noto Sans CJK SC'', -apple-system, ''Segoe UI'', Roboto, Helvetica, Arial, sans-serif">
<div class="preheader" style="display:none;max-height:0;overflow:hidden;mso-hide:all">没有月亮的夜里，星星多得数不清，也分不清哪一颗先亮。</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tbody><tr><td class="outer" align="center" style="padding:24px 8px 32px">
<!--[if mso]><table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
<table class="sheet" role="presentation" border="0" width="600" cellpadding="0" cellspacing="0" style="width:100%;max-width:600px;background-color:#ffffff;color:#2b2822;border-radius:8px;border-top:4px solid #c9a86a"><tbody><tr><td class="page" style="padding:28px 28px 24px;font-size:16px;line-height:1.75;text-align:left;overflow-wrap:anywhere;word-break:break-word">
<h1 style="font-weight:700;color:#2b2822;margin:0 0 4px;font-size:25px;line-height:1.3">山上 每周摘要</h1>
<p class="facts" style="margin:0 0 10px;font-size:14px;line-height:1.6;color:#5f594e">2026年3月10日 · <a href="https://digest.example.org/editions/weekly/2026-W11" style="color:#7a4b12">在网页上阅读</a></p>
<h2 style="font-weight:700;color:#2b2822;margin:36px 0 18px;padding:0 0 6px;border-bottom:2px solid #c9a86a;font-size:18px;line-height:1.4">新文章</h2>
<div class="entry" style="margin:0 0 30px">
<h3 class="title" style="font-weight:700;color:#2b2822;margin:0 0 4px;font-size:19px;line-height:1.45"><a href="https://digest.example.org/entries/nnfcvt3n2kcbo" style="color:#7a4b12;text-decoration:none">星夜</a></h3>
<p class="facts" style="margin:0 0 10px;font-size:14px;line-height:1.6;color:#5f594e">林间 · 2026年3月9日</p>
<div>
<p style="margin:0 0 12px">没有月亮的夜里，星星多得数不清，也分不清哪一颗先亮。</p>
</div>
<p class="more" style="margin:0;font-size:14px"><a href="https://digest.example.org/entries/nnfcvt3n2kcbo" style="color:#7a4b12">继续阅读</a></p>
</div><h2 style="font-weight:700;color:#2b2822;margin:36px 0 18px;padding:0 0 6px;border-bottom:2px solid #c9a86a;font-size:18px;line-height:1.4">上期以来最多人读</h2>
<ol class="ranks" style="margin:0;padding:0 0 0 26px">
<li style="margin:0 0 12px;line-height:1.55"><a href="https://digest.example.org/entries/hx7hkg5askymy" style="color:#7a4b12">山中的雨</a> <span class="quiet" style="font-size:14px;color:#5f594e">新增50位读者</span>
<table class="bar" role="presentation" border="0" width="100%" cellpadding="0" cellspacing="0" style="width:100%;margin:5px 0 0"><tbody><tr><td class="gain" width="100%" style="height:6px;line-height:6px;font-size:6px;background-color:#b98f45;border-radius:3px">&nbsp;</td></tr></tbody></table></li>
<li style="margin:0 0 12px;line-height:1.55"><a href="https://digest.example.org/entries/hto5h7x5ebmvw" style="color:#7a4b12">群论札记</a> <span class="quiet" style="font-size:14px;color:#5f594e">新增10位读者</span>
<table class="bar" role="presentation" border="0" width="100%" cellpadding="0" cellspacing="0" style="width:100%;margin:5px 0 0"><tbody><tr><td class="gain" width="20%" style="height:6px;line-height:6px;font-size:6px;background-color:#b98f45;border-radius:3px">&nbsp;</td><td class="rest" width="80%" style="height:6px;line-height:6px;font-size:6px;background-color:#ffffff">&nbsp;</td></tr></tbody></table></li>
</ol>
<h2 style="font-weight:700;color:#2b2822;margin:36px 0 18px;padding:0 0 6px;border-bottom:2px solid #c9a86a;font-size:18px;line-height:1.4">更正</h2>
<div class="entry" style="margin:0 0 30px">
<h3 class="title" style="font-weight:700;color:#2b2822;margin:0 0 4px;font-size:19px;line-height:1.45"><a href="https://digest.example.org/entries/hx7hkg5askymy" style="color:#7a4b12;text-decoration:none">山中的雨</a></h3>
<div class="change" style="margin:8px 0 10px;padding:2px 0 2px 14px;border-left:3px solid #e2dac9">
<p style="margin:2px 0;font-size:15px;line-height:1.7"><span class="label" style="font-size:13px;color:#5f594e">原文：</span><span>山中的雨来得快，去得也快，石阶上只留下一层水。</span></p>
<p style="margin:2px 0;font-size:15px;line-height:1.7"><span class="label" style="font-size:13px;color:#5f594e">现为：</span><span>山中的雨来得快，去得也快，石阶上只留下一层<ins style="background-color:#e0efdb;color:#1d4a1b;text-decoration:none;border-bottom:1px solid #1d4a1b">薄</ins>水。</span></p>
</div>
</div>
</td></tr></tbody></table>
<table class="foot" role="presentation" border="0" width="600" cellpadding="0" cellspacing="0" style="width:100%;max-width:600px"><tbody><tr><td class="small" style="padding:20px 28px 0;font-size:13px;line-height:1.7;text-align:left;color:#5f594e;overflow-wrap:anywhere;word-break:break-word">
<p style="margin:0 0 8px">您收到这封信，是因为 address 于agreed同意接收《山上 每周摘要》。</p>
<p style="margin:0 0 8px"><a href="preferences" style="color:#7a4b12">更改订阅偏好</a> · <a href="leave" style="color:#7a4b12">退订（Unsubscribe）</a> · <a href="https://digest.example.org/editions/weekly/2026-W11" style="color:#7a4b12">在网页上阅读</a> · <a href="https://digest.example.org/" style="color:#7a4b12">全部文章与订阅源</a></p>
<p style="margin:0 0 8px">是别人转给您的？ <a href="https://digest.example.org/subscribe" style="color:#7a4b12">自己订阅一份</a></p>
</td></tr></tbody></table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr></tbody></table>
</div>

</body></html>', '山上 每周摘要
2026年3月10日
https://digest.example.org/editions/weekly/2026-W11

== 新文章 ==

* 星夜
  林间 · 2026年3月9日
  https://digest.example.org/entries/nnfcvt3n2kcbo

  没有月亮的夜里，星星多得数不清，也分不清哪一颗先亮。

== 上期以来最多人读 ==

1. 山中的雨
   ████████████████████████ 新增50位读者
   https://digest.example.org/entries/hx7hkg5askymy
2. 群论札记
   ████▊ 新增10位读者
   https://digest.example.org/entries/hto5h7x5ebmvw

== 更正 ==

* 山中的雨
  https://digest.example.org/entries/hx7hkg5askymy

  原文：山中的雨来得快，去得也快，石阶上只留下一层水。
  现为：山中的雨来得快，去得也快，石阶上只留下一层{+薄+}水。

--
您收到这封信，是因为这个地址于agreed同意接收《山上 每周摘要》。
  address
更改订阅偏好：
  preferences
退订（Unsubscribe）：
  leave
全部文章与订阅源：
  https://digest.example.org/
是别人转给您的？ 自己订阅一份：
  https://digest.example.org/subscribe
', '[0]');
INSERT INTO subscribers (id, address, address_key, name, language, format, timezone, topics, paused_until, created_at, suppressed, suppressed_at, erased_at) VALUES (1, 'ada@example.org', 'ada@example.org', '', 'zh_CN', 'both', '', '[]', NULL, '2026-03-02 04:00:00.000000', '', NULL, NULL);
INSERT INTO subscribers (id, address, address_key, name, language, format, timezone, topics, paused_until, created_at, suppressed, suppressed_at, erased_at) VALUES (2, 'bob@example.org', 'bob@example.org', '', 'zh_CN', 'both', '', '[]', NULL, '2026-03-02 04:00:00.000000', '', NULL, NULL);
INSERT INTO subscribers (id, address, address_key, name, language, format, timezone, topics, paused_until, created_at, suppressed, suppressed_at, erased_at) VALUES (3, 'cleo@example.org', 'cleo@example.org', '', 'zh_CN', 'both', '', '[]', NULL, '2026-03-02 04:00:00.000000', '', NULL, NULL);
INSERT INTO subscriptions (subscriber_id, digest, joined_at, since, behind, left_at) VALUES (1, 'weekly', '2026-03-02 04:00:00.000000', '2026-03-02 04:00:00.000000', 0, NULL);
INSERT INTO subscriptions (subscriber_id, digest, joined_at, since, behind, left_at) VALUES (2, 'weekly', '2026-03-02 04:00:00.000000', '2026-03-02 04:00:00.000000', 0, NULL);
INSERT INTO subscriptions (subscriber_id, digest, joined_at, since, behind, left_at) VALUES (3, 'weekly', '2026-03-02 04:00:00.000000', '2026-03-02 04:00:00.000000', 0, '2026-03-05 04:00:00.000000');
INSERT INTO consents (id, subscriber_id, digest, act, source, wording, asked_at, at) VALUES (1, 1, 'weekly', 'joined', 'operator, digest subscribers add', '', NULL, '2026-03-02 04:00:00.000000');
INSERT INTO consents (id, subscriber_id, digest, act, source, wording, asked_at, at) VALUES (2, 2, 'weekly', 'joined', 'operator, digest subscribers add', '', NULL, '2026-03-02 04:00:00.000000');
INSERT INTO consents (id, subscriber_id, digest, act, source, wording, asked_at, at) VALUES (3, 3, 'weekly', 'joined', 'operator, digest subscribers add', '', NULL, '2026-03-02 04:00:00.000000');
INSERT INTO deliveries (edition, subscriber_id, variant, state, attempts, next_at, leased_until, leased_from, begun, uncertain, message_id, code, text, accepted_at, begun_at, written_at) VALUES ('weekly/2026-W10', 1, 0, 'accepted', 1, NULL, NULL, NULL, 0, 0, '<weekly.2026-W10.826cb97926542e751f6c096cdcf15bf5@example.org>', NULL, 'c3b31fd82f47e32f043d24ee4a6ceb52.digest', '2026-03-02 04:00:00.000000', '2026-03-02 04:00:00.000000', '2026-03-02 04:00:00.000000');
INSERT INTO deliveries (edition, subscriber_id, variant, state, attempts, next_at, leased_until, leased_from, begun, uncertain, message_id, code, text, accepted_at, begun_at, written_at) VALUES ('weekly/2026-W10', 2, 0, 'unknown', 1, NULL, NULL, NULL, 0, 2, '<weekly.2026-W10.9f54e834cebf90aaa520217732e321dd@example.org>', NULL, 'e0872f4522a61a189b4fe5f0a9ac1d49.digest', NULL, '2026-03-02 04:00:00.000000', '2026-03-02 04:00:00.000000');
INSERT INTO deliveries (edition, subscriber_id, variant, state, attempts, next_at, leased_until, leased_from, begun, uncertain, message_id, code, text, accepted_at, begun_at, written_at) VALUES ('weekly/2026-W10', 3, 0, 'accepted', 1, NULL, NULL, NULL, 0, 0, '<weekly.2026-W10.bada2938b1c4fc1effc62a06df2ecdea@example.org>', NULL, '0471652ef8eb748b9d759a2fa488d729.digest', '2026-03-02 04:00:00.000000', '2026-03-02 04:00:00.000000', '2026-03-02 04:00:00.000000');
INSERT INTO deliveries (edition, subscriber_id, variant, state, attempts, next_at, leased_until, leased_from, begun, uncertain, message_id, code, text, accepted_at, begun_at, written_at) VALUES ('weekly/2026-W11', 1, 0, 'planned', 0, '2026-03-10 04:00:00.000000', NULL, NULL, 0, 0, '<weekly.2026-W11.beac33c4d225e81fcdfe0ddf1e60e8db@example.org>', NULL, '', NULL, NULL, '2026-03-10 04:00:00.000000');
INSERT INTO deliveries (edition, subscriber_id, variant, state, attempts, next_at, leased_until, leased_from, begun, uncertain, message_id, code, text, accepted_at, begun_at, written_at) VALUES ('weekly/2026-W11', 2, 0, 'planned', 0, '2026-03-10 04:00:00.000000', NULL, NULL, 0, 0, '<weekly.2026-W11.ecfc659724238a93807d14c685430e8a@example.org>', NULL, '', NULL, NULL, '2026-03-10 04:00:00.000000');
INSERT INTO deliveries (edition, subscriber_id, variant, state, attempts, next_at, leased_until, leased_from, begun, uncertain, message_id, code, text, accepted_at, begun_at, written_at) VALUES ('weekly/2026-W11', 3, 0, 'suppressed', 0, NULL, NULL, NULL, 0, 0, '<weekly.2026-W11.177a90a765337d51f34e9131bee101c3@example.org>', NULL, '', NULL, NULL, '2026-03-10 04:00:00.000000');
CREATE INDEX ix_dumps_troubled ON dumps (state) WHERE state <> 'good';
CREATE INDEX ix_reports_source ON reports (source, path);
CREATE INDEX ix_entries_date_full ON entries (date_full);
CREATE INDEX ix_entries_first_seen_at ON entries (first_seen_at, date_full);
CREATE INDEX ix_entries_first_source ON entries (first_source, updated_at);
CREATE INDEX ix_entry_keys_entry_id ON entry_keys (entry_id);
CREATE INDEX ix_entry_sources_source ON entry_sources (source);
CREATE INDEX ix_reader_counts_counted_at ON reader_counts (counted_at);
CREATE INDEX ix_pictures_undrawn ON pictures (name) WHERE png IS NULL;
CREATE INDEX ix_placings_entry_id ON placings (entry_id);
CREATE INDEX ix_edition_entries_entry_id ON edition_entries (entry_id);
CREATE INDEX ix_subscriptions_digest ON subscriptions (digest);
CREATE INDEX ix_consents_subscriber_id ON consents (subscriber_id);
CREATE INDEX ix_deliveries_begun_at ON deliveries (begun_at) WHERE begun_at IS NOT NULL;
CREATE INDEX ix_deliveries_leased ON deliveries (leased_until) WHERE leased_until IS NOT NULL;
CREATE INDEX ix_deliveries_open ON deliveries (edition, subscriber_id) WHERE next_at IS NOT NULL;
CREATE INDEX ix_deliveries_states ON deliveries (edition, state);
CREATE INDEX ix_deliveries_subscriber_id ON deliveries (subscriber_id);
CREATE INDEX ix_confirmations_address_key ON confirmations (address_key);
CREATE INDEX ix_confirmations_asked_at ON confirmations (asked_at);
CREATE INDEX ix_confirmations_next_at ON confirmations (next_at);
CREATE INDEX ix_bounces_kind ON bounces (kind, at);
CREATE INDEX ix_bounces_subscriber_id ON bounces (subscriber_id, edition);
CREATE INDEX ix_suppressions_subscriber_id ON suppressions (subscriber_id);
