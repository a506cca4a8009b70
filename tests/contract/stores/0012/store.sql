CREATE TABLE acts (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	who TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	entry_id TEXT, 
	other_id TEXT, 
	source TEXT, 
	"before" JSON NOT NULL, 
	"after" JSON NOT NULL, 
	undone_at DATETIME, 
	CONSTRAINT pk_acts PRIMARY KEY (id), 
	CONSTRAINT fk_acts_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id), 
	CONSTRAINT fk_acts_other_id FOREIGN KEY(other_id) REFERENCES entries (id), 
	CONSTRAINT fk_acts_source FOREIGN KEY(source) REFERENCES sources (id), 
	CONSTRAINT ck_acts_kind CHECK (kind IN ('edit', 'hide', 'publish', 'remove', 'restore', 'merge', 'split', 'forget'))
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0012');
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
CREATE TABLE alerts (
	subject TEXT NOT NULL, 
	problem TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	told_at DATETIME, 
	well_since DATETIME, 
	CONSTRAINT pk_alerts PRIMARY KEY (subject)
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
CREATE TABLE clock_faults (
	id INTEGER NOT NULL, 
	what TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	moment TEXT NOT NULL, 
	done TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	ended_at DATETIME, 
	CONSTRAINT pk_clock_faults PRIMARY KEY (id)
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
	proven BOOLEAN NOT NULL, 
	CONSTRAINT pk_confirmations PRIMARY KEY (id), 
	CONSTRAINT fk_confirmations_subscriber_id FOREIGN KEY(subscriber_id) REFERENCES subscribers (id), 
	CONSTRAINT ck_confirmations_kind CHECK (kind IN ('join', 'access', 'move')), 
	CONSTRAINT ck_confirmations_subscriber CHECK (CASE WHEN kind = 'join' THEN done_at IS NOT NULL OR subscriber_id IS NULL ELSE subscriber_id IS NOT NULL END)
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
INSERT INTO "consents" VALUES(1,1,'weekly','joined','operator, digest subscribers add','',NULL,'2026-03-02 04:00:00.000000');
INSERT INTO "consents" VALUES(2,2,'weekly','joined','operator, digest subscribers add','',NULL,'2026-03-02 04:00:00.000000');
INSERT INTO "consents" VALUES(3,3,'weekly','joined','operator, digest subscribers add','',NULL,'2026-03-02 04:00:00.000000');
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
INSERT INTO "deliveries" VALUES('weekly/2026-W10',1,0,'accepted',1,NULL,NULL,NULL,0,0,'<weekly.2026-W10.821a8719bb74a92d162eb1e198fed902@example.org>',NULL,'78eefdd406cc4525e9db81ad2bc7ec5f.digest','2026-03-02 04:00:00.000000','2026-03-02 04:00:00.000000','2026-03-02 04:00:00.000000');
INSERT INTO "deliveries" VALUES('weekly/2026-W10',2,0,'unknown',1,NULL,NULL,NULL,0,2,'<weekly.2026-W10.9c8d6767ded161a9c02118fc4f0e717e@example.org>',NULL,'7e9ab027558291c91f030785dee15099.digest',NULL,'2026-03-02 04:00:00.000000','2026-03-02 04:00:00.000000');
INSERT INTO "deliveries" VALUES('weekly/2026-W10',3,0,'accepted',1,NULL,NULL,NULL,0,0,'<weekly.2026-W10.54de3e5b195f4b7c6b34c8add09e394a@example.org>',NULL,'f88a077fdf3d67c46be0ebcedda5fc85.digest','2026-03-02 04:00:00.000000','2026-03-02 04:00:00.000000','2026-03-02 04:00:00.000000');
INSERT INTO "deliveries" VALUES('weekly/2026-W11',1,0,'planned',0,'2026-03-10 04:00:00.000000',NULL,NULL,0,0,'<weekly.2026-W11.8036bef82cf01b28a61efe8bbaf7e393@example.org>',NULL,'',NULL,NULL,'2026-03-10 04:00:00.000000');
INSERT INTO "deliveries" VALUES('weekly/2026-W11',2,0,'planned',0,'2026-03-10 04:00:00.000000',NULL,NULL,0,0,'<weekly.2026-W11.13dc36da4acd2d2003f4be4d44ae4bb1@example.org>',NULL,'',NULL,NULL,'2026-03-10 04:00:00.000000');
INSERT INTO "deliveries" VALUES('weekly/2026-W11',3,0,'suppressed',0,NULL,NULL,NULL,0,0,'<weekly.2026-W11.6a1a3e5ebfd5dd3bc5a2969e20c22aab@example.org>',NULL,'',NULL,NULL,'2026-03-10 04:00:00.000000');
CREATE TABLE delivery_counts (
	edition TEXT NOT NULL, 
	state TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	CONSTRAINT pk_delivery_counts PRIMARY KEY (edition, state), 
	CONSTRAINT fk_delivery_counts_edition FOREIGN KEY(edition) REFERENCES editions ("key"), 
	CONSTRAINT ck_delivery_counts_state CHECK (state IN ('planned', 'leased', 'accepted', 'deferred', 'failed', 'suppressed', 'unknown'))
);
CREATE TABLE departures (
	source TEXT NOT NULL, 
	path TEXT NOT NULL, 
	entry_id TEXT NOT NULL, 
	title TEXT NOT NULL, 
	"view" TEXT NOT NULL, 
	complete BOOLEAN NOT NULL, 
	revision INTEGER, 
	body JSON, 
	left_at DATETIME NOT NULL, extras TEXT, 
	CONSTRAINT pk_departures PRIMARY KEY (source, path, entry_id), 
	CONSTRAINT fk_departures_source_path FOREIGN KEY(source, path) REFERENCES dumps (source, path), 
	CONSTRAINT fk_departures_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id)
);
CREATE TABLE digests (
	id TEXT NOT NULL, 
	configured_at DATETIME NOT NULL, failed_at DATETIME, problem TEXT, 
	CONSTRAINT pk_digests PRIMARY KEY (id)
);
INSERT INTO "digests" VALUES('weekly','2026-03-02 04:00:00.000000',NULL,NULL);
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
INSERT INTO "dumps" VALUES('blog','page.txt','559 1796061087730939690 2241690 ?','5c04caaf933e5ed7425869f30b29c725a8d7e5caa0a82f8834b3231ee0aa4d86','good','','2026-03-10 04:00:00.000000',4,0,NULL,NULL,3,'2026-03-10 04:00:00.000000','2026-03-10 05:00:00.000000',NULL,NULL,NULL,0,NULL,0);
CREATE TABLE edition_bodies (
	edition TEXT NOT NULL, 
	ordinal INTEGER NOT NULL, 
	language TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	html TEXT NOT NULL, 
	text TEXT NOT NULL, 
	told JSON NOT NULL, again JSON DEFAULT '[]' NOT NULL, 
	CONSTRAINT pk_edition_bodies PRIMARY KEY (edition, ordinal), 
	CONSTRAINT fk_edition_bodies_edition FOREIGN KEY(edition) REFERENCES editions ("key")
);
INSERT INTO "edition_bodies" VALUES('weekly/2026-W10',0,'zh_CN','群论札记 等 3 篇 · 山上 每周摘要（2月23日—3月1日）','<!DOCTYPE html><html lang="zh-CN"><head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>山上 每周摘要</title>

<style>
@media (prefers-color-scheme: dark) {
  body, .ground, .sheet { background-color: #171614 !important; color: #e3dfd6 !important; }
  a, h1, .title { color: #e3dfd6 !important; }
  .text, .lines, .lines p { color: #c9c4b9 !important; }
  h2, .group, .quiet, .facts, .small, .caption, .label, .number { color: #a39d91 !important; }
  .small a, .facts a, .quiet a, .group a, .number a { color: #a39d91 !important; }
  h2 { border-top-color: #37342e !important; }
  .rule { border-top-color: #e3dfd6 !important; border-bottom-color: #e3dfd6 !important; }
  .figure { border-left-color: #37342e !important; }
  .code { background-color: #211f1c !important; }
  .code, code { color: #e3dfd6 !important; }
  .gain { background-color: #f0917c !important; }
  .rest { background-color: #211f1c !important; }
  del { color: #a39d91 !important; }
  ins { color: #f0917c !important; }
}
@media (max-width: 480px) {
  .page { padding: 12px 20px 4px !important; }
  .small { padding: 12px 20px 0 !important; }
}</style>
</head>
<body style="margin:0;padding:0;background-color:#fbfaf7">
<div class="ground" lang="zh-CN" style="margin:0;padding:0;background-color:#fbfaf7;color:#1e1c19;font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif">
<div class="preheader" style="display:none;mso-hide:all">数的故事 · 山中的雨</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tbody><tr><td class="outer" align="center" style="padding:16px 0 32px">
<!--[if mso]><table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
<table class="sheet" role="presentation" border="0" width="600" cellpadding="0" cellspacing="0" style="width:100%;max-width:600px;table-layout:fixed"><tbody><tr><td class="page" style="padding:20px 24px 8px;font-size:16px;line-height:1.75;text-align:left;word-wrap:break-word">
<h1 style="font-family:''Source Han Serif SC'', ''Noto Serif CJK SC'', ''Songti SC'', STSong, ''PingFang SC'', ''Microsoft YaHei'', Georgia, serif;margin:0 0 10px;font-size:26px;line-height:1.35;letter-spacing:1px">山上 每周摘要</h1>
<table class="box" role="presentation" border="0" width="100%" cellpadding="0" cellspacing="0" style="width:100%"><tbody><tr><td class="rule" height="2" style="border-top:3px solid #1e1c19;border-bottom:1px solid #1e1c19;font-size:2px;line-height:2px">&nbsp;</td></tr></tbody></table>
<p class="facts" style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;margin:6px 0 6px;font-size:13px;line-height:1.7">2026年2月23日—3月1日 · <a href="https://digest.example.org/editions/weekly/2026-W10" style="color:#68635a">在浏览器中查看</a></p>
<h2 style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;margin:26px 0 8px;padding:16px 0 0;border-top:1px solid #dcd7cb;font-size:14px;line-height:1.5;font-weight:600">新文章</h2>
<h3 class="group" style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;margin:12px 0 2px;font-size:14px;line-height:1.5;font-weight:600">数学</h3>
<div class="entry" style="margin:0 0 24px">
<h4 class="title" style="font-family:''Source Han Serif SC'', ''Noto Serif CJK SC'', ''Songti SC'', STSong, ''PingFang SC'', ''Microsoft YaHei'', Georgia, serif;margin:0 0 2px;font-size:20px;line-height:1.45;font-weight:700"><a id="e1" name="e1" href="https://digest.example.org/entries/hto5h7x5ebmvw" style="color:#1e1c19;text-decoration:none">群论札记</a></h4>
<p class="facts" style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;font-size:13px;line-height:1.7;margin:0 0 6px">林间 · 2026年3月1日 · <a href="https://blog.example.org/search/%E7%BE%A4%E8%AE%BA%E6%9C%AD%E8%AE%B0/" style="color:#68635a">原文</a></p>
<div class="text" style="font-family:''Source Han Serif SC'', ''Noto Serif CJK SC'', ''Songti SC'', STSong, ''PingFang SC'', ''Microsoft YaHei'', Georgia, serif;color:#3d3933">
<p style="margin:0 0 12px">群是对称的语言，数与形都可以用它来说。</p>
<p style="margin:0 0 12px">第二段讲子群，例子是时钟。</p>
</div>
</div><div class="entry" style="margin:0 0 24px">
<h4 class="title" style="font-family:''Source Han Serif SC'', ''Noto Serif CJK SC'', ''Songti SC'', STSong, ''PingFang SC'', ''Microsoft YaHei'', Georgia, serif;margin:0 0 2px;font-size:20px;line-height:1.45;font-weight:700"><a id="e2" name="e2" href="https://digest.example.org/entries/yeb5c2hf4umty" style="color:#1e1c19;text-decoration:none">数的故事</a></h4>
<p class="facts" style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;font-size:13px;line-height:1.7;margin:0 0 6px">林间 · 2026年2月11日 · <a href="https://blog.example.org/search/%E6%95%B0%E7%9A%84%E6%95%85%E4%BA%8B/" style="color:#68635a">原文</a></p>
<div class="text" style="font-family:''Source Han Serif SC'', ''Noto Serif CJK SC'', ''Songti SC'', STSong, ''PingFang SC'', ''Microsoft YaHei'', Georgia, serif;color:#3d3933">
<p style="margin:0 0 12px">数从结绳开始，后来有了文字，再后来有了方程。</p>
</div>
</div><h3 class="group" style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;margin:12px 0 2px;font-size:14px;line-height:1.5;font-weight:600">其他</h3>
<div class="entry" style="margin:0 0 24px">
<h4 class="title" style="font-family:''Source Han Serif SC'', ''Noto Serif CJK SC'', ''Songti SC'', STSong, ''PingFang SC'', ''Microsoft YaHei'', Georgia, serif;margin:0 0 2px;font-size:20px;line-height:1.45;font-weight:700"><a id="e3" name="e3" href="https://digest.example.org/entries/hx7hkg5askymy" style="color:#1e1c19;text-decoration:none">山中的雨</a></h4>
<p class="facts" style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;font-size:13px;line-height:1.7;margin:0 0 6px">林间 · 2026年2月20日 · <a href="https://blog.example.org/search/%E5%B1%B1%E4%B8%AD%E7%9A%84%E9%9B%A8/" style="color:#68635a">原文</a></p>
<div class="text" style="font-family:''Source Han Serif SC'', ''Noto Serif CJK SC'', ''Songti SC'', STSong, ''PingFang SC'', ''Microsoft YaHei'', Georgia, serif;color:#3d3933">
<p style="margin:0 0 12px">山中的雨来得快，去得也快，石阶上只留下一层水。</p>
</div>
</div></td></tr></tbody></table>
<table class="foot" role="presentation" border="0" width="600" cellpadding="0" cellspacing="0" style="width:100%;max-width:600px;table-layout:fixed"><tbody><tr><td class="small" style="padding:16px 24px 0;font-size:13px;line-height:1.75;text-align:left;color:#68635a;word-wrap:break-word">
<p style="margin:0 0 8px">您收到这封邮件，是因为 address 于agreed订阅了《山上 每周摘要》。</p>
<p style="margin:0 0 8px"><a href="preferences" style="color:#68635a">订阅设置</a> · <a href="leave" style="color:#68635a">退订</a> · <a href="https://digest.example.org/editions/weekly/2026-W10" style="color:#68635a">在浏览器中查看</a> · <a href="https://digest.example.org/" style="color:#68635a">全部文章和 RSS</a></p>
<p style="margin:0 0 8px">朋友转发给您的？<a href="https://digest.example.org/subscribe" style="color:#68635a">点此订阅</a></p>
</td></tr></tbody></table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr></tbody></table>
</div>

</body></html>','山上 每周摘要
2026年2月23日—3月1日
https://digest.example.org/editions/weekly/2026-W10

【新文章】

-- 数学 --

1. 群论札记
  林间 · 2026年3月1日
  https://digest.example.org/entries/hto5h7x5ebmvw
  原文：https://blog.example.org/search/%E7%BE%A4%E8%AE%BA%E6%9C%AD%E8%AE%B0/

  群是对称的语言，数与形都可以用它来说。

  第二段讲子群，例子是时钟。

2. 数的故事
  林间 · 2026年2月11日
  https://digest.example.org/entries/yeb5c2hf4umty
  原文：https://blog.example.org/search/%E6%95%B0%E7%9A%84%E6%95%85%E4%BA%8B/

  数从结绳开始，后来有了文字，再后来有了方程。

-- 其他 --

3. 山中的雨
  林间 · 2026年2月20日
  https://digest.example.org/entries/hx7hkg5askymy
  原文：https://blog.example.org/search/%E5%B1%B1%E4%B8%AD%E7%9A%84%E9%9B%A8/

  山中的雨来得快，去得也快，石阶上只留下一层水。

-- 
您收到这封邮件，是因为这个邮箱于agreed订阅了《山上 每周摘要》。
  address
订阅设置：
  preferences
退订：
  leave
全部文章和 RSS：
  https://digest.example.org/
朋友转发给您的？点此订阅：
  https://digest.example.org/subscribe
','[0, 1, 2]','[]');
INSERT INTO "edition_bodies" VALUES('weekly/2026-W11',0,'zh_CN','星夜 · 山上 每周摘要（3月2日—9日）','<!DOCTYPE html><html lang="zh-CN"><head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>山上 每周摘要</title>

<style>
@media (prefers-color-scheme: dark) {
  body, .ground, .sheet { background-color: #171614 !important; color: #e3dfd6 !important; }
  a, h1, .title { color: #e3dfd6 !important; }
  .text, .lines, .lines p { color: #c9c4b9 !important; }
  h2, .group, .quiet, .facts, .small, .caption, .label, .number { color: #a39d91 !important; }
  .small a, .facts a, .quiet a, .group a, .number a { color: #a39d91 !important; }
  h2 { border-top-color: #37342e !important; }
  .rule { border-top-color: #e3dfd6 !important; border-bottom-color: #e3dfd6 !important; }
  .figure { border-left-color: #37342e !important; }
  .code { background-color: #211f1c !important; }
  .code, code { color: #e3dfd6 !important; }
  .gain { background-color: #f0917c !important; }
  .rest { background-color: #211f1c !important; }
  del { color: #a39d91 !important; }
  ins { color: #f0917c !important; }
}
@media (max-width: 480px) {
  .page { padding: 12px 20px 4px !important; }
  .small { padding: 12px 20px 0 !important; }
}</style>
</head>
<body style="margin:0;padding:0;background-color:#fbfaf7">
<div class="ground" lang="zh-CN" style="margin:0;padding:0;background-color:#fbfaf7;color:#1e1c19;font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif">
<div class="preheader" style="display:none;mso-hide:all">没有月亮的夜里，星星多得数不清，也分不清哪一颗先亮。</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tbody><tr><td class="outer" align="center" style="padding:16px 0 32px">
<!--[if mso]><table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
<table class="sheet" role="presentation" border="0" width="600" cellpadding="0" cellspacing="0" style="width:100%;max-width:600px;table-layout:fixed"><tbody><tr><td class="page" style="padding:20px 24px 8px;font-size:16px;line-height:1.75;text-align:left;word-wrap:break-word">
<h1 style="font-family:''Source Han Serif SC'', ''Noto Serif CJK SC'', ''Songti SC'', STSong, ''PingFang SC'', ''Microsoft YaHei'', Georgia, serif;margin:0 0 10px;font-size:26px;line-height:1.35;letter-spacing:1px">山上 每周摘要</h1>
<table class="box" role="presentation" border="0" width="100%" cellpadding="0" cellspacing="0" style="width:100%"><tbody><tr><td class="rule" height="2" style="border-top:3px solid #1e1c19;border-bottom:1px solid #1e1c19;font-size:2px;line-height:2px">&nbsp;</td></tr></tbody></table>
<p class="facts" style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;margin:6px 0 6px;font-size:13px;line-height:1.7">2026年3月2日—9日 · <a href="https://digest.example.org/editions/weekly/2026-W11" style="color:#68635a">在浏览器中查看</a></p>
<h2 style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;margin:26px 0 8px;padding:16px 0 0;border-top:1px solid #dcd7cb;font-size:14px;line-height:1.5;font-weight:600">本期目录</h2>
<table class="contents" role="presentation" border="0" width="100%" cellpadding="0" cellspacing="0" style="font-family:''Source Han Serif SC'', ''Noto Serif CJK SC'', ''Songti SC'', STSong, ''PingFang SC'', ''Microsoft YaHei'', Georgia, serif;width:100%;margin:0 0 8px">
<tbody><tr><td class="number" style="color:#68635a;width:44px;padding:3px 0;font-size:14px;line-height:1.7;vertical-align:top"><a href="#e1" style="color:#68635a">1&nbsp;↓</a></td><td class="name" style="padding:3px 0;font-size:16px;line-height:1.5"><a href="https://digest.example.org/entries/nnfcvt3n2kcbo" style="color:#1e1c19;text-decoration:none">星夜</a></td></tr>

</tbody></table>
<p class="group" style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;margin:12px 0 2px;font-size:14px;line-height:1.5;font-weight:600">有修改的文章</p>
<table class="contents" role="presentation" border="0" width="100%" cellpadding="0" cellspacing="0" style="font-family:''Source Han Serif SC'', ''Noto Serif CJK SC'', ''Songti SC'', STSong, ''PingFang SC'', ''Microsoft YaHei'', Georgia, serif;width:100%;margin:0 0 8px">
<tbody><tr><td class="number" style="color:#68635a;width:44px;padding:3px 0;font-size:14px;line-height:1.7;vertical-align:top"><a href="#e2" style="color:#68635a">2&nbsp;↓</a></td><td class="name" style="padding:3px 0;font-size:16px;line-height:1.5"><a href="https://digest.example.org/entries/hx7hkg5askymy" style="color:#1e1c19;text-decoration:none">山中的雨</a></td></tr>

</tbody></table>
<p class="group" style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;margin:12px 0 2px;font-size:14px;line-height:1.5;font-weight:600"><a href="#read" style="color:#68635a">上期以来热读&nbsp;↓</a></p>
<h2 style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;margin:26px 0 8px;padding:16px 0 0;border-top:1px solid #dcd7cb;font-size:14px;line-height:1.5;font-weight:600">新文章</h2>
<div class="entry" style="margin:0 0 24px">
<h3 class="title" style="font-family:''Source Han Serif SC'', ''Noto Serif CJK SC'', ''Songti SC'', STSong, ''PingFang SC'', ''Microsoft YaHei'', Georgia, serif;margin:0 0 2px;font-size:20px;line-height:1.45;font-weight:700"><a id="e1" name="e1" href="https://digest.example.org/entries/nnfcvt3n2kcbo" style="color:#1e1c19;text-decoration:none">星夜</a></h3>
<p class="facts" style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;font-size:13px;line-height:1.7;margin:0 0 6px">林间 · 2026年3月9日 · <a href="https://blog.example.org/search/%E6%98%9F%E5%A4%9C/" style="color:#68635a">原文</a></p>
<div class="text" style="font-family:''Source Han Serif SC'', ''Noto Serif CJK SC'', ''Songti SC'', STSong, ''PingFang SC'', ''Microsoft YaHei'', Georgia, serif;color:#3d3933">
<p style="margin:0 0 12px">没有月亮的夜里，星星多得数不清，也分不清哪一颗先亮。</p>
</div>
</div><h2 style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;margin:26px 0 8px;padding:16px 0 0;border-top:1px solid #dcd7cb;font-size:14px;line-height:1.5;font-weight:600">有修改的文章</h2>
<div class="entry" style="margin:0 0 24px">
<h3 class="title" style="font-family:''Source Han Serif SC'', ''Noto Serif CJK SC'', ''Songti SC'', STSong, ''PingFang SC'', ''Microsoft YaHei'', Georgia, serif;margin:0 0 2px;font-size:20px;line-height:1.45;font-weight:700"><a id="e2" name="e2" href="https://digest.example.org/entries/hx7hkg5askymy" style="color:#1e1c19;text-decoration:none">山中的雨</a></h3>
<p class="facts" style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;font-size:13px;line-height:1.7;margin:0 0 6px">林间 · 2026年2月20日 · <a href="https://blog.example.org/search/%E5%B1%B1%E4%B8%AD%E7%9A%84%E9%9B%A8/" style="color:#68635a">原文</a></p>
<div class="change text" style="font-family:''Source Han Serif SC'', ''Noto Serif CJK SC'', ''Songti SC'', STSong, ''PingFang SC'', ''Microsoft YaHei'', Georgia, serif;color:#3d3933;margin:6px 0 10px">
<p style="margin:0 0 4px"><span class="label" style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;font-size:13px">改前：</span><span>山中的雨来得快，去得也快，石阶上只留下一层水。</span></p>
<p style="margin:0 0 4px"><span class="label" style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;font-size:13px">改后：</span><span>山中的雨来得快，去得也快，石阶上只留下一层<ins style="color:#a3291b;text-decoration:underline">薄</ins>水。</span></p>
</div>
</div><h2 style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;margin:26px 0 8px;padding:16px 0 0;border-top:1px solid #dcd7cb;font-size:14px;line-height:1.5;font-weight:600">上期以来热读</h2>
<ol class="ranks" style="font-family:''Source Han Serif SC'', ''Noto Serif CJK SC'', ''Songti SC'', STSong, ''PingFang SC'', ''Microsoft YaHei'', Georgia, serif;margin:0;padding:0 0 0 26px">
<li style="margin:0 0 10px;line-height:1.55"><a id="read" name="read" href="https://digest.example.org/entries/hx7hkg5askymy" style="color:#1e1c19;text-decoration:none">山中的雨</a> <span class="quiet" style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;font-size:13px">新增50位读者</span>
<table class="bar" role="presentation" border="0" width="100%" cellpadding="0" cellspacing="0" style="width:100%;margin:4px 0 0"><tbody><tr><td class="gain" height="4" width="100%" style="font-size:4px;line-height:4px;background-color:#a3291b">&nbsp;</td></tr></tbody></table>
</li>
<li style="margin:0 0 10px;line-height:1.55"><a href="https://digest.example.org/entries/hto5h7x5ebmvw" style="color:#1e1c19;text-decoration:none">群论札记</a> <span class="quiet" style="font-family:''PingFang SC'', ''Hiragino Sans GB'', ''Noto Sans CJK SC'', ''Microsoft YaHei'', -apple-system, ''Segoe UI'', Helvetica, Arial, sans-serif;color:#68635a;font-size:13px">新增10位读者</span>
<table class="bar" role="presentation" border="0" width="100%" cellpadding="0" cellspacing="0" style="width:100%;margin:4px 0 0"><tbody><tr><td class="gain" height="4" width="20%" style="font-size:4px;line-height:4px;background-color:#a3291b">&nbsp;</td><td class="rest" height="4" width="80%" style="font-size:4px;line-height:4px;background-color:#f2efe8">&nbsp;</td></tr></tbody></table>
</li>
</ol>
</td></tr></tbody></table>
<table class="foot" role="presentation" border="0" width="600" cellpadding="0" cellspacing="0" style="width:100%;max-width:600px;table-layout:fixed"><tbody><tr><td class="small" style="padding:16px 24px 0;font-size:13px;line-height:1.75;text-align:left;color:#68635a;word-wrap:break-word">
<p style="margin:0 0 8px">您收到这封邮件，是因为 address 于agreed订阅了《山上 每周摘要》。</p>
<p style="margin:0 0 8px"><a href="preferences" style="color:#68635a">订阅设置</a> · <a href="leave" style="color:#68635a">退订</a> · <a href="https://digest.example.org/editions/weekly/2026-W11" style="color:#68635a">在浏览器中查看</a> · <a href="https://digest.example.org/" style="color:#68635a">全部文章和 RSS</a></p>
<p style="margin:0 0 8px">朋友转发给您的？<a href="https://digest.example.org/subscribe" style="color:#68635a">点此订阅</a></p>
</td></tr></tbody></table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr></tbody></table>
</div>

</body></html>','山上 每周摘要
2026年3月2日—9日
https://digest.example.org/editions/weekly/2026-W11

【本期目录】

  1. 星夜
有修改的文章
  2. 山中的雨

【新文章】

1. 星夜
  林间 · 2026年3月9日
  https://digest.example.org/entries/nnfcvt3n2kcbo
  原文：https://blog.example.org/search/%E6%98%9F%E5%A4%9C/

  没有月亮的夜里，星星多得数不清，也分不清哪一颗先亮。

【有修改的文章】

2. 山中的雨
  林间 · 2026年2月20日
  https://digest.example.org/entries/hx7hkg5askymy
  原文：https://blog.example.org/search/%E5%B1%B1%E4%B8%AD%E7%9A%84%E9%9B%A8/

  改前：山中的雨来得快，去得也快，石阶上只留下一层水。
  改后：山中的雨来得快，去得也快，石阶上只留下一层薄水。

【上期以来热读】

1. 山中的雨
   ████████████████████████ 新增50位读者
   https://digest.example.org/entries/hx7hkg5askymy
2. 群论札记
   ████▊ 新增10位读者
   https://digest.example.org/entries/hto5h7x5ebmvw

-- 
您收到这封邮件，是因为这个邮箱于agreed订阅了《山上 每周摘要》。
  address
订阅设置：
  preferences
退订：
  leave
全部文章和 RSS：
  https://digest.example.org/
朋友转发给您的？点此订阅：
  https://digest.example.org/subscribe
','[0]','[]');
CREATE TABLE edition_entries (
	edition TEXT NOT NULL, 
	ordinal INTEGER NOT NULL, 
	section TEXT NOT NULL, 
	entry_id TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	gained INTEGER, 
	CONSTRAINT pk_edition_entries PRIMARY KEY (edition, ordinal), 
	CONSTRAINT fk_edition_entries_edition FOREIGN KEY(edition) REFERENCES editions ("key"), 
	CONSTRAINT fk_edition_entries_entry_id_revision FOREIGN KEY(entry_id, revision) REFERENCES revisions (entry_id, number), 
	CONSTRAINT ck_edition_entries_section CHECK (section IN ('new', 'catch_up', 'most_read', 'corrected', 'again'))
);
INSERT INTO "edition_entries" VALUES('weekly/2026-W10',0,'new','hto5h7x5ebmvw',1,NULL);
INSERT INTO "edition_entries" VALUES('weekly/2026-W10',1,'new','hx7hkg5askymy',1,NULL);
INSERT INTO "edition_entries" VALUES('weekly/2026-W10',2,'new','yeb5c2hf4umty',1,NULL);
INSERT INTO "edition_entries" VALUES('weekly/2026-W11',0,'new','nnfcvt3n2kcbo',1,NULL);
INSERT INTO "edition_entries" VALUES('weekly/2026-W11',1,'most_read','hx7hkg5askymy',2,50);
INSERT INTO "edition_entries" VALUES('weekly/2026-W11',2,'most_read','hto5h7x5ebmvw',1,10);
INSERT INTO "edition_entries" VALUES('weekly/2026-W11',3,'corrected','hx7hkg5askymy',2,NULL);
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
INSERT INTO "editions" VALUES('weekly/2026-W10','weekly',NULL,NULL,'2026-03-02 04:00:00.000000',0);
INSERT INTO "editions" VALUES('weekly/2026-W11','weekly',NULL,'2026-03-02 04:00:00.000000','2026-03-10 04:00:00.000000',0);
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
	removed_at DATETIME, hidden_at DATETIME, forgotten_at DATETIME, merged_into TEXT, merged_at INTEGER, date_part TEXT, counts JSON, 
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
INSERT INTO "entries" VALUES('yeb5c2hf4umty','tag:digest.example.org,2026:entry/yeb5c2hf4umty','blog','2026-03-02 04:00:00.000000',0,1,'exact',2,11,'2026-02-11',1200,'2026-03-02 04:00:00.000000',1,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES('hx7hkg5askymy','tag:digest.example.org,2026:entry/hx7hkg5askymy','blog','2026-03-02 04:00:00.000000',1,2,'exact',2,20,'2026-02-20',350,'2026-03-10 04:00:00.000000',1,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES('hto5h7x5ebmvw','tag:digest.example.org,2026:entry/hto5h7x5ebmvw','blog','2026-03-02 04:00:00.000000',2,1,'exact',3,1,'2026-03-01',90,'2026-03-02 04:00:00.000000',1,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES('nnfcvt3n2kcbo','tag:digest.example.org,2026:entry/nnfcvt3n2kcbo','blog','2026-03-10 04:00:00.000000',0,1,'exact',3,9,'2026-03-09',20,'2026-03-10 04:00:00.000000',1,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE entry_keys (
	kind TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	entry_id TEXT NOT NULL, 
	CONSTRAINT pk_entry_keys PRIMARY KEY (kind, "key", entry_id), 
	CONSTRAINT fk_entry_keys_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id), 
	CONSTRAINT ck_entry_keys_kind CHECK (kind IN ('title', 'lead'))
);
INSERT INTO "entry_keys" VALUES('title','数的故事','yeb5c2hf4umty');
INSERT INTO "entry_keys" VALUES('title','山中的雨','hx7hkg5askymy');
INSERT INTO "entry_keys" VALUES('title','群论札记','hto5h7x5ebmvw');
INSERT INTO "entry_keys" VALUES('title','星夜','nnfcvt3n2kcbo');
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
INSERT INTO "entry_sources" VALUES('yeb5c2hf4umty','blog','2026-03-02 04:00:00.000000','page.txt','no known entry has its title and day, or its text');
INSERT INTO "entry_sources" VALUES('hx7hkg5askymy','blog','2026-03-02 04:00:00.000000','page.txt','no known entry has its title and day, or its text');
INSERT INTO "entry_sources" VALUES('hto5h7x5ebmvw','blog','2026-03-02 04:00:00.000000','page.txt','no known entry has its title and day, or its text');
INSERT INTO "entry_sources" VALUES('nnfcvt3n2kcbo','blog','2026-03-10 04:00:00.000000','page.txt','no known entry has its title and day, or its text');
CREATE TABLE erased (
	address_hash TEXT NOT NULL, 
	erased_at DATETIME NOT NULL, 
	CONSTRAINT pk_erased PRIMARY KEY (address_hash)
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
INSERT INTO "feed_entries" VALUES('',1,'yeb5c2hf4umty');
INSERT INTO "feed_entries" VALUES('',2,'hx7hkg5askymy');
INSERT INTO "feed_entries" VALUES('',3,'hto5h7x5ebmvw');
INSERT INTO "feed_entries" VALUES('source/blog',1,'yeb5c2hf4umty');
INSERT INTO "feed_entries" VALUES('source/blog',2,'hx7hkg5askymy');
INSERT INTO "feed_entries" VALUES('source/blog',3,'hto5h7x5ebmvw');
INSERT INTO "feed_entries" VALUES('topic/maths/f2810a44',1,'yeb5c2hf4umty');
INSERT INTO "feed_entries" VALUES('topic/maths/f2810a44',2,'hto5h7x5ebmvw');
INSERT INTO "feed_entries" VALUES('',4,'nnfcvt3n2kcbo');
INSERT INTO "feed_entries" VALUES('source/blog',4,'nnfcvt3n2kcbo');
INSERT INTO "feed_entries" VALUES('topic/maths/f2810a44',3,'nnfcvt3n2kcbo');
CREATE TABLE ignored_mail (
	reason TEXT NOT NULL, 
	count INTEGER NOT NULL, 
	newest_at DATETIME NOT NULL, 
	CONSTRAINT pk_ignored_mail PRIMARY KEY (reason)
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
	fenced_at DATETIME, installation JSON, 
	CONSTRAINT pk_meta PRIMARY KEY (id), 
	CONSTRAINT ck_meta_one_row CHECK (id = 1)
);
INSERT INTO "meta" VALUES(1,X'74686520736563726574206F6620616E206F6C6465722070726F6772616D2E2E',2,'2026-03-10 04:00:00.000000',NULL,NULL,0,NULL,NULL,NULL);
CREATE TABLE paces (
	domain TEXT NOT NULL, 
	per_minute FLOAT NOT NULL, 
	since DATETIME NOT NULL, 
	at DATETIME NOT NULL, 
	next_at DATETIME NOT NULL, 
	CONSTRAINT pk_paces PRIMARY KEY (domain), 
	CONSTRAINT ck_paces_per_minute CHECK (per_minute > 0)
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
	because TEXT NOT NULL, revision INTEGER, body JSON, extras TEXT, 
	CONSTRAINT pk_placings PRIMARY KEY (source, path, page, position), 
	CONSTRAINT fk_placings_source_path FOREIGN KEY(source, path) REFERENCES dumps (source, path), 
	CONSTRAINT fk_placings_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id), 
	CONSTRAINT ck_placings_evidence CHECK ((month IS NULL) = (day IS NULL) AND (month IS NOT NULL OR year IS NULL))
);
INSERT INTO "placings" VALUES('blog','page.txt',0,0,'nnfcvt3n2kcbo','星夜',3,9,2026,20,'x1:d9f03a087b674b27a8dad00fdd5c881b',1,'no known entry has its title and day, or its text',1,NULL,NULL);
INSERT INTO "placings" VALUES('blog','page.txt',0,1,'yeb5c2hf4umty','数的故事',2,11,2026,1200,'x1:e1add75ecda4c1ca5e44dbb162e54d51',1,'no known entry has its title and day, or its text',1,NULL,NULL);
INSERT INTO "placings" VALUES('blog','page.txt',0,2,'hx7hkg5askymy','山中的雨',2,20,2026,350,'x1:6ddf586e4884549e42acd7d97530076a',1,'no known entry has its title and day, or its text',2,NULL,NULL);
INSERT INTO "placings" VALUES('blog','page.txt',0,3,'hto5h7x5ebmvw','群论札记',3,1,2026,90,'x1:91338ba006379c0a98bb7308fcca0cc7',1,'no known entry has its title and day, or its text',1,NULL,NULL);
CREATE TABLE reader_counts (
	entry_id TEXT NOT NULL, 
	counted_at DATETIME NOT NULL, 
	source TEXT NOT NULL, 
	readers INTEGER NOT NULL, 
	CONSTRAINT pk_reader_counts PRIMARY KEY (entry_id, counted_at, source), 
	CONSTRAINT fk_reader_counts_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id), 
	CONSTRAINT fk_reader_counts_source FOREIGN KEY(source) REFERENCES sources (id)
);
INSERT INTO "reader_counts" VALUES('yeb5c2hf4umty','2026-03-02 04:00:00.000000','blog',1200);
INSERT INTO "reader_counts" VALUES('hx7hkg5askymy','2026-03-02 04:00:00.000000','blog',300);
INSERT INTO "reader_counts" VALUES('hto5h7x5ebmvw','2026-03-02 04:00:00.000000','blog',80);
INSERT INTO "reader_counts" VALUES('nnfcvt3n2kcbo','2026-03-10 04:00:00.000000','blog',20);
INSERT INTO "reader_counts" VALUES('hx7hkg5askymy','2026-03-10 04:00:00.000000','blog',350);
INSERT INTO "reader_counts" VALUES('hto5h7x5ebmvw','2026-03-10 04:00:00.000000','blog',90);
CREATE TABLE renamed_digests (
	old TEXT NOT NULL, 
	new TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_renamed_digests PRIMARY KEY (old), 
	CONSTRAINT fk_renamed_digests_new FOREIGN KEY(new) REFERENCES digests (id)
);
CREATE TABLE renamed_sources (
	old TEXT NOT NULL, 
	new TEXT NOT NULL, 
	first TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_renamed_sources PRIMARY KEY (old), 
	CONSTRAINT fk_renamed_sources_new FOREIGN KEY(new) REFERENCES sources (id)
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
CREATE TABLE resting_domains (
	domain TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	times INTEGER NOT NULL, 
	since DATETIME NOT NULL, 
	until DATETIME NOT NULL, 
	CONSTRAINT pk_resting_domains PRIMARY KEY (domain)
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
	date_full DATE, printed JSON, split_to TEXT, date_part TEXT, extras TEXT, 
	CONSTRAINT pk_revisions PRIMARY KEY (entry_id, number), 
	CONSTRAINT fk_revisions_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id), 
	CONSTRAINT ck_revisions_date_kind CHECK (date_kind IN ('exact', 'inferred', 'partial')), 
	CONSTRAINT ck_revisions_date_month CHECK ((date_kind IS NULL) = (date_month IS NULL)), 
	CONSTRAINT ck_revisions_date_day CHECK ((date_kind IS NULL) = (date_day IS NULL)), 
	CONSTRAINT ck_revisions_date_full CHECK ((date_kind IS NULL OR date_kind = 'partial') = (date_full IS NULL))
);
INSERT INTO "revisions" VALUES('yeb5c2hf4umty',1,'2026-03-02 04:00:00.000000','first',1,'blog','page.txt','数的故事','林间','["数从结绳开始，后来有了文字，再后来有了方程。"]','[]',1,'exact',2,11,'2026-02-11',NULL,NULL,NULL,NULL);
INSERT INTO "revisions" VALUES('hx7hkg5askymy',1,'2026-03-02 04:00:00.000000','first',1,'blog','page.txt','山中的雨','林间','["山中的雨来得快，去得也快，石阶上只留下一层水。"]','[]',1,'exact',2,20,'2026-02-20',NULL,NULL,NULL,NULL);
INSERT INTO "revisions" VALUES('hto5h7x5ebmvw',1,'2026-03-02 04:00:00.000000','first',1,'blog','page.txt','群论札记','林间','["群是对称的语言，数与形都可以用它来说。", "第二段讲子群，例子是时钟。"]','[]',1,'exact',3,1,'2026-03-01',NULL,NULL,NULL,NULL);
INSERT INTO "revisions" VALUES('nnfcvt3n2kcbo',1,'2026-03-10 04:00:00.000000','first',1,'blog','page.txt','星夜','林间','["没有月亮的夜里，星星多得数不清，也分不清哪一颗先亮。"]','[]',1,'exact',3,9,'2026-03-09',NULL,NULL,NULL,NULL);
INSERT INTO "revisions" VALUES('hx7hkg5askymy',2,'2026-03-10 04:00:00.000000','text',1,'blog','page.txt','山中的雨','林间','["山中的雨来得快，去得也快，石阶上只留下一层薄水。"]','[]',1,'exact',2,20,'2026-02-20',NULL,NULL,NULL,NULL);
CREATE TABLE searched (
	number INTEGER NOT NULL, 
	entry_id TEXT NOT NULL, 
	title TEXT NOT NULL, 
	body TEXT NOT NULL, 
	CONSTRAINT pk_searched PRIMARY KEY (number), 
	CONSTRAINT fk_searched_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id), 
	CONSTRAINT uq_searched_entry_id UNIQUE (entry_id)
);
INSERT INTO "searched" VALUES(1,'yeb5c2hf4umty','数的 的故 故事 事','数从 从结 结绳 绳开 开始 始 后来 来有 有了 了文 文字 字 再后 后来 来有 有了 了方 方程 程');
INSERT INTO "searched" VALUES(2,'hx7hkg5askymy','山中 中的 的雨 雨','山中 中的 的雨 雨来 来得 得快 快 去得 得也 也快 快 石阶 阶上 上只 只留 留下 下一 一层 层薄 薄水 水');
INSERT INTO "searched" VALUES(3,'hto5h7x5ebmvw','群论 论札 札记 记','群是 是对 对称 称的 的语 语言 言 数与 与形 形都 都可 可以 以用 用它 它来 来说 说 第二 二段 段讲 讲子 子群 群 例子 子是 是时 时钟 钟');
INSERT INTO "searched" VALUES(4,'nnfcvt3n2kcbo','星夜 夜','没有 有月 月亮 亮的 的夜 夜里 里 星星 星多 多得 得数 数不 不清 清 也分 分不 不清 清哪 哪一 一颗 颗先 先亮 亮');
CREATE TABLE single_mails (
	id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	subscriber_id INTEGER NOT NULL, 
	address TEXT NOT NULL, 
	written_at DATETIME NOT NULL, 
	guards_until DATETIME, 
	attempts INTEGER NOT NULL, 
	begun BOOLEAN NOT NULL, 
	uncertain INTEGER NOT NULL, 
	next_at DATETIME, 
	text TEXT NOT NULL, 
	CONSTRAINT pk_single_mails PRIMARY KEY (id), 
	CONSTRAINT fk_single_mails_subscriber_id FOREIGN KEY(subscriber_id) REFERENCES subscribers (id), 
	CONSTRAINT ck_single_mails_kind CHECK (kind IN ('welcome', 'moved')), 
	CONSTRAINT ck_single_mails_begun CHECK (NOT begun OR next_at IS NOT NULL)
);
INSERT INTO "single_mails" VALUES(1,'welcome',1,'','2026-03-02 04:00:00.000000',NULL,0,0,0,'2026-03-02 04:00:00.000000','');
INSERT INTO "single_mails" VALUES(2,'welcome',2,'','2026-03-02 04:00:00.000000',NULL,0,0,0,'2026-03-02 04:00:00.000000','');
INSERT INTO "single_mails" VALUES(3,'welcome',3,'','2026-03-02 04:00:00.000000',NULL,0,0,0,'2026-03-02 04:00:00.000000','');
CREATE TABLE sources (
	id TEXT NOT NULL, 
	registered_at DATETIME NOT NULL, 
	settled_at DATETIME, 
	refreshed_at DATETIME, 
	problem TEXT NOT NULL, 
	failures INTEGER NOT NULL, 
	CONSTRAINT pk_sources PRIMARY KEY (id)
);
INSERT INTO "sources" VALUES('blog','2026-03-02 04:00:00.000000','2026-03-02 04:00:00.000000','2026-03-10 05:00:00.000000','',0);
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
INSERT INTO "subscribers" VALUES(1,'ada@example.org','ada@example.org','','zh_CN','both','','[]',NULL,'2026-03-02 04:00:00.000000','',NULL,NULL);
INSERT INTO "subscribers" VALUES(2,'bob@example.org','bob@example.org','','zh_CN','both','','[]',NULL,'2026-03-02 04:00:00.000000','',NULL,NULL);
INSERT INTO "subscribers" VALUES(3,'cleo@example.org','cleo@example.org','','zh_CN','both','','[]',NULL,'2026-03-02 04:00:00.000000','',NULL,NULL);
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
INSERT INTO "subscriptions" VALUES(1,'weekly','2026-03-02 04:00:00.000000','2026-03-02 04:00:00.000000',0,NULL);
INSERT INTO "subscriptions" VALUES(2,'weekly','2026-03-02 04:00:00.000000','2026-03-02 04:00:00.000000',0,NULL);
INSERT INTO "subscriptions" VALUES(3,'weekly','2026-03-02 04:00:00.000000','2026-03-02 04:00:00.000000',0,'2026-03-05 04:00:00.000000');
CREATE TABLE suppression_requests (
	edition TEXT NOT NULL, 
	subscriber_id INTEGER NOT NULL, 
	evidence TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	state TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_suppression_requests PRIMARY KEY (edition, subscriber_id), 
	CONSTRAINT fk_suppression_requests_edition FOREIGN KEY(edition) REFERENCES editions ("key"), 
	CONSTRAINT fk_suppression_requests_subscriber_id FOREIGN KEY(subscriber_id) REFERENCES subscribers (id), 
	CONSTRAINT ck_suppression_requests_evidence CHECK (evidence IN ('editions', 'server')), 
	CONSTRAINT ck_suppression_requests_state CHECK (state IN ('asked', 'applied', 'confirmed', 'dismissed'))
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
CREATE TABLE unplanned (
	edition TEXT NOT NULL, 
	part INTEGER NOT NULL, 
	mails JSON NOT NULL, 
	caught_up JSON NOT NULL, 
	resting JSON NOT NULL, 
	CONSTRAINT pk_unplanned PRIMARY KEY (edition, part), 
	CONSTRAINT fk_unplanned_edition FOREIGN KEY(edition) REFERENCES editions ("key")
);
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
CREATE INDEX ix_departures_entry_id ON departures (entry_id);
CREATE INDEX ix_single_mails_subscriber_id ON single_mails (subscriber_id);
CREATE INDEX ix_single_mails_next_at ON single_mails (next_at);
CREATE INDEX ix_suppression_requests_state ON suppression_requests (state);
CREATE INDEX ix_suppression_requests_subscriber_id ON suppression_requests (subscriber_id);
CREATE INDEX ix_edition_entries_entry_id ON edition_entries (entry_id);
CREATE INDEX ix_deliveries_uncertain ON deliveries (subscriber_id) WHERE uncertain > 0;
CREATE INDEX ix_entries_merged_into ON entries (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX ix_entries_forgotten_at ON entries (forgotten_at) WHERE forgotten_at IS NOT NULL;
CREATE INDEX ix_revisions_printed ON revisions (entry_id) WHERE printed IS NOT NULL;
CREATE INDEX ix_acts_entry_id ON acts (entry_id);
CREATE INDEX ix_acts_other_id ON acts (other_id);
CREATE VIRTUAL TABLE search_index USING fts5(title, body, content='searched', content_rowid='number', tokenize='ascii');
