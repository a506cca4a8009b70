INSERT INTO meta (id, secret, published, published_at, pause_reason, paused_until, pinged, backed_up_at, fenced_at) VALUES (1, X'74686520736563726574206F6620612073746F7265206F6620303030312E2E2E', 4, '2026-03-10 04:00:00.000000', NULL, NULL, 0, NULL, NULL);
INSERT INTO sources (id, registered_at, settled_at, refreshed_at, problem, failures) VALUES ('blog', '2026-03-02 04:00:00.000000', '2026-03-02 04:00:00.000000', '2026-03-10 04:00:00.000000', 'popular.txt: holds no entry in a known layout (see what the crawler saved); tag.txt: held: it shows 1 entries where it showed 6', 1);
INSERT INTO dumps (source, path, stamp, sha256, state, reason, read_at, sightings, unreadable, approved, discarded) VALUES ('blog', 'index.txt', '545 0 2187911', '40103932c7bb5b62c48e4be1a09cd27116f685d0acc8359dadbb8e3f4067cde1', 'good', '', '2026-03-10 04:00:00.000000', 4, 0, NULL, NULL);
INSERT INTO dumps (source, path, stamp, sha256, state, reason, read_at, sightings, unreadable, approved, discarded) VALUES ('blog', 'notices.txt', '389 1772604800000000000 2187957', '6ca50390e715e5168c142bc6026c1e497b33ff940da8c5506cd8fc9ce44ddd70', 'good', '', '2026-03-02 04:00:00.000000', 2, 0, NULL, NULL);
INSERT INTO dumps (source, path, stamp, sha256, state, reason, read_at, sightings, unreadable, approved, discarded) VALUES ('blog', 'search.txt', '726 0 2187975', 'd7f0e6dafdbb5dde99aa149dab79b3a59267d4cba8821f3310853c09286bdeb6', 'good', '', '2026-03-10 04:00:00.000000', 3, 0, NULL, NULL);
INSERT INTO dumps (source, path, stamp, sha256, state, reason, read_at, sightings, unreadable, approved, discarded) VALUES ('blog', 'tag.txt', '174 0 2188013', 'c4d183b76b0e90917314435fdf1260557ab79c440eb7df1508552812cbbf5b61', 'held', 'it shows 1 entries where it showed 6', '2026-03-10 04:00:00.000000', 6, 0, NULL, NULL);
INSERT INTO dumps (source, path, stamp, sha256, state, reason, read_at, sightings, unreadable, approved, discarded) VALUES ('blog', 'again.txt', '312 0 2187758', '31c36f84ecc81b5e564f563c5d614d0b0c1101013c3b7e2ffeff382fad80ef75', 'good', '', '2026-03-10 04:00:00.000000', 2, 0, NULL, NULL);
INSERT INTO dumps (source, path, stamp, sha256, state, reason, read_at, sightings, unreadable, approved, discarded) VALUES ('blog', 'popular.txt', '328 0 2188138', 'a91bfec61c81934d58856045a55b50c519c8151a7f85e53cad109f8acd51afcc', 'failed', 'holds no entry in a known layout', '2026-03-10 04:00:00.000000', 0, 1, NULL, NULL);
INSERT INTO reports (id, at, source, path, title, candidates, outcome, standing) VALUES (1, '2026-03-10 04:00:00.000000', 'blog', 'again.txt', '关于搬家', '["5xc2pauc2wk3i", "vyx54yuxtkrl4"]', 'may correct one of their titles; kept as a new entry', 1);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('luttoex5v5zro', 'tag:digest.example.org,2026:entry/luttoex5v5zro', 'blog', '2026-03-02 04:00:00.000000', 0, 2, 'partial', 2, 26, NULL, NULL, '2026-03-10 04:00:00.000000', 0, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('tqp7l4h6u7sis', 'tag:digest.example.org,2026:entry/tqp7l4h6u7sis', 'blog', '2026-03-02 04:00:00.000000', 1, 1, 'partial', 2, 20, NULL, NULL, '2026-03-02 04:00:00.000000', 0, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('3bqouireglacy', 'tag:digest.example.org,2026:entry/3bqouireglacy', 'blog', '2026-03-02 04:00:00.000000', 2, 1, 'partial', 2, 14, NULL, NULL, '2026-03-02 04:00:00.000000', 0, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('5xc2pauc2wk3i', 'tag:digest.example.org,2026:entry/5xc2pauc2wk3i', 'blog', '2026-03-02 04:00:00.000000', 0, 1, 'exact', 6, 9, '2019-06-09', 12, '2026-03-02 04:00:00.000000', 1, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('vyx54yuxtkrl4', 'tag:digest.example.org,2026:entry/vyx54yuxtkrl4', 'blog', '2026-03-02 04:00:00.000000', 1, 1, 'exact', 6, 9, '2019-06-09', 15, '2026-03-02 04:00:00.000000', 1, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('b37v4wixxq2bm', 'tag:digest.example.org,2026:entry/b37v4wixxq2bm', 'blog', '2026-03-02 04:00:00.000000', 0, 2, 'exact', 2, 11, '2021-02-11', 951, '2026-03-02 04:00:00.000000', 1, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('bu6texzxknzz2', 'tag:digest.example.org,2026:entry/bu6texzxknzz2', 'blog', '2026-03-02 04:00:00.000000', 1, 1, 'exact', 11, 20, '2020-11-20', 420, '2026-03-02 04:00:00.000000', 1, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('w5nevppw6ozbk', 'tag:digest.example.org,2026:entry/w5nevppw6ozbk', 'blog', '2026-03-02 04:00:00.000000', 2, 2, 'exact', 10, 2, '2020-10-02', 80, '2026-03-10 04:00:00.000000', 1, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('jashf52cvet6k', 'tag:digest.example.org,2026:entry/jashf52cvet6k', 'blog', '2026-03-02 04:00:00.000000', 0, 1, 'exact', 1, 11, '2018-01-11', 10, '2018-01-10 16:00:00.000000', 0, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('p7kzucjnfdwck', 'tag:digest.example.org,2026:entry/p7kzucjnfdwck', 'blog', '2026-03-02 04:00:00.000000', 1, 1, 'exact', 2, 12, '2018-02-12', 20, '2026-03-02 04:00:00.000000', 1, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('zu6wn4gy47b7c', 'tag:digest.example.org,2026:entry/zu6wn4gy47b7c', 'blog', '2026-03-02 04:00:00.000000', 2, 1, 'exact', 3, 13, '2018-03-13', 30, '2026-03-02 04:00:00.000000', 1, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('jnkz52wtvqtda', 'tag:digest.example.org,2026:entry/jnkz52wtvqtda', 'blog', '2026-03-02 04:00:00.000000', 3, 1, 'exact', 4, 14, '2018-04-14', 40, '2026-03-02 04:00:00.000000', 1, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('qxbgsk5zaa4pa', 'tag:digest.example.org,2026:entry/qxbgsk5zaa4pa', 'blog', '2026-03-02 04:00:00.000000', 4, 1, 'exact', 5, 15, '2018-05-15', 50, '2026-03-02 04:00:00.000000', 1, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('i3vjgv3j5y6ja', 'tag:digest.example.org,2026:entry/i3vjgv3j5y6ja', 'blog', '2026-03-02 04:00:00.000000', 5, 1, 'exact', 6, 16, '2018-06-16', 60, '2026-03-02 04:00:00.000000', 1, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('rbzefsj36nxvc', 'tag:digest.example.org,2026:entry/rbzefsj36nxvc', 'blog', '2026-03-10 04:00:00.000000', 0, 1, 'partial', 6, 9, NULL, NULL, '2026-03-10 04:00:00.000000', 1, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('q3f2e33nwcrs2', 'tag:digest.example.org,2026:entry/q3f2e33nwcrs2', 'blog', '2026-03-10 04:00:00.000000', 1, 1, 'partial', 8, 11, NULL, NULL, '2026-03-10 04:00:00.000000', 1, NULL);
INSERT INTO entries (id, atom_id, first_source, first_seen_at, page_order, revision, date_kind, date_month, date_day, date_full, readers, updated_at, announced, removed_at) VALUES ('fg5tspszdfp3u', 'tag:digest.example.org,2026:entry/fg5tspszdfp3u', 'blog', '2026-03-10 04:00:00.000000', 0, 1, 'partial', 3, 6, NULL, NULL, '2026-03-10 04:00:00.000000', 1, NULL);
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('luttoex5v5zro', 1, '2026-03-02 04:00:00.000000', 'first', 1, 'blog', 'index.txt', '山路', NULL, '["山路从村口开始，绕过一片竹林，再往上便是石阶。", "石阶一共三百级，雨后很滑。"]', '[]', 1, 'partial', 2, 26, NULL);
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('tqp7l4h6u7sis', 1, '2026-03-02 04:00:00.000000', 'first', 1, 'blog', 'index.txt', '溪水', NULL, '["溪水在石头之间流过，声音不大，但整夜都听得见。"]', '[]', 1, 'partial', 2, 20, NULL);
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('3bqouireglacy', 1, '2026-03-02 04:00:00.000000', 'first', 1, 'blog', 'index.txt', '旧桥', NULL, '["旧桥是木头做的，桥面换过三次，桥墩还是原来的。", "今年又要修了。"]', '[]', 1, 'partial', 2, 14, NULL);
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('5xc2pauc2wk3i', 1, '2026-03-02 04:00:00.000000', 'first', 1, 'blog', 'notices.txt', '公告', '站长', '["本站将于周末迁移到新的机器上，其间页面可能打不开，迁移完毕后一切照旧，如有问题请留言告知。"]', '[]', 1, 'exact', 6, 9, '2019-06-09');
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('vyx54yuxtkrl4', 1, '2026-03-02 04:00:00.000000', 'first', 1, 'blog', 'notices.txt', '迁移', '站长', '["本站将于周末迁移到新的机器上，其间页面可能打不开，迁移完毕后一切照旧，如有问题请留言告知。"]', '[]', 1, 'exact', 6, 9, '2019-06-09');
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('b37v4wixxq2bm', 1, '2026-03-02 04:00:00.000000', 'first', 1, 'blog', 'search.txt', '最小二乘', '山客', '["最小二乘法把误差的平方加起来，然后求它的最小值。", "它的几何意义是投影。"]', '[]', 1, 'exact', 2, 11, '2021-02-11');
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('bu6texzxknzz2', 1, '2026-03-02 04:00:00.000000', 'first', 1, 'blog', 'search.txt', '圆周率小史', '山客', '["圆周率的计算有很长的历史，从割圆术到级数，再到今天的算法。"]', '[]', 1, 'exact', 11, 20, '2020-11-20');
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('w5nevppw6ozbk', 1, '2026-03-02 04:00:00.000000', 'first', 1, 'blog', 'search.txt', '梯度再探', '林间', '["梯度指向函数增长最快的方向，所以下降法沿着它的反方向走。", "步子太大会越过谷底，太小则走得太慢。"]', '[]', 1, 'exact', 10, 2, '2020-10-02');
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('jashf52cvet6k', 1, '2026-03-02 04:00:00.000000', 'first', 1, 'blog', 'tag.txt', '数学笔记之群', '林间', '["这是数学笔记里谈到群的一篇，先举例子，再讲证明，最后留几道习题。"]', '[]', 1, 'exact', 1, 11, '2018-01-11');
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('p7kzucjnfdwck', 1, '2026-03-02 04:00:00.000000', 'first', 1, 'blog', 'tag.txt', '数学笔记之环', '林间', '["这是数学笔记里谈到环的一篇，先举例子，再讲证明，最后留几道习题。"]', '[]', 1, 'exact', 2, 12, '2018-02-12');
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('zu6wn4gy47b7c', 1, '2026-03-02 04:00:00.000000', 'first', 1, 'blog', 'tag.txt', '数学笔记之域', '林间', '["这是数学笔记里谈到域的一篇，先举例子，再讲证明，最后留几道习题。"]', '[]', 1, 'exact', 3, 13, '2018-03-13');
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('jnkz52wtvqtda', 1, '2026-03-02 04:00:00.000000', 'first', 1, 'blog', 'tag.txt', '数学笔记之模', '林间', '["这是数学笔记里谈到模的一篇，先举例子，再讲证明，最后留几道习题。"]', '[]', 1, 'exact', 4, 14, '2018-04-14');
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('qxbgsk5zaa4pa', 1, '2026-03-02 04:00:00.000000', 'first', 1, 'blog', 'tag.txt', '数学笔记之格', '林间', '["这是数学笔记里谈到格的一篇，先举例子，再讲证明，最后留几道习题。"]', '[]', 1, 'exact', 5, 15, '2018-05-15');
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('i3vjgv3j5y6ja', 1, '2026-03-02 04:00:00.000000', 'first', 1, 'blog', 'tag.txt', '数学笔记之序', '林间', '["这是数学笔记里谈到序的一篇，先举例子，再讲证明，最后留几道习题。"]', '[]', 1, 'exact', 6, 16, '2018-06-16');
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('rbzefsj36nxvc', 1, '2026-03-10 04:00:00.000000', 'first', 1, 'blog', 'again.txt', '关于搬家', NULL, '["本站将于周末迁移到新的机器上，其间页面可能打不开，迁移完毕后一切照旧，如有问题请留言告知。"]', '[]', 1, 'partial', 6, 9, NULL);
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('q3f2e33nwcrs2', 1, '2026-03-10 04:00:00.000000', 'first', 1, 'blog', 'again.txt', '植物园一日', NULL, '["植物园的温室里很热，兰花开了一半，仙人掌长得比人还高。"]', '[]', 1, 'partial', 8, 11, NULL);
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('fg5tspszdfp3u', 1, '2026-03-10 04:00:00.000000', 'first', 1, 'blog', 'index.txt', '春茶', NULL, '["清明以前采的茶叫春茶，叶子小，颜色浅，泡出来有一点甜。"]', '[]', 1, 'partial', 3, 6, NULL);
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('luttoex5v5zro', 2, '2026-03-10 04:00:00.000000', 'text', 1, 'blog', 'index.txt', '山路', NULL, '["山路从村口开始，绕过一片竹林，再往上便是石阶。", "石阶一共三百二十级，雨后很滑，栏杆也坏了几处。"]', '[]', 1, 'partial', 2, 26, NULL);
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('b37v4wixxq2bm', 2, '2026-03-10 04:00:00.000000', 'completed', 0, 'blog', 'search.txt', '最小二乘', '山客', '["最小二乘法把误差的平方加起来，然后求它的最小值。", "它的几何意义是投影。", "矩阵的迹", "By 山客 | 2021-01-05 | 1.2万位读者 | 引用矩阵的迹是对角线上元素的和，它等于所有特征值的和。", "在相似变换之下它不变。"]', '[]', 1, 'exact', 2, 11, '2021-02-11');
INSERT INTO revisions (entry_id, number, at, cause, significant, source, path, title, author, paragraphs, figures, complete, date_kind, date_month, date_day, date_full) VALUES ('w5nevppw6ozbk', 2, '2026-03-10 04:00:00.000000', 'text', 1, 'blog', 'search.txt', '梯度再探', '林间', '["梯度指向函数增长最快的方向，所以下降法总是沿着它的反方向走，直到走不动为止。", "步子太大会越过谷底，太小则走得太慢。"]', '[]', 1, 'exact', 10, 2, '2020-10-02');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '山路', 'luttoex5v5zro');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '溪水', 'tqp7l4h6u7sis');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '旧桥', '3bqouireglacy');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '公告', '5xc2pauc2wk3i');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '迁移', 'vyx54yuxtkrl4');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('lead', '1:1cd765d078d04108819a', '5xc2pauc2wk3i');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('lead', '1:1cd765d078d04108819a', 'vyx54yuxtkrl4');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '最小二乘', 'b37v4wixxq2bm');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '圆周率小史', 'bu6texzxknzz2');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '梯度再探', 'w5nevppw6ozbk');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('lead', '1:723e8a715b9b2aa7c568', 'w5nevppw6ozbk');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '数学笔记之群', 'jashf52cvet6k');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '数学笔记之环', 'p7kzucjnfdwck');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '数学笔记之域', 'zu6wn4gy47b7c');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '数学笔记之模', 'jnkz52wtvqtda');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '数学笔记之格', 'qxbgsk5zaa4pa');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '数学笔记之序', 'i3vjgv3j5y6ja');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '关于搬家', 'rbzefsj36nxvc');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '植物园一日', 'q3f2e33nwcrs2');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('lead', '1:1cd765d078d04108819a', 'rbzefsj36nxvc');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('title', '春茶', 'fg5tspszdfp3u');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('lead', '1:4828877e9c58d22451f2', 'luttoex5v5zro');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('lead', '1:05f6df5009c2ab47ebb6', 'b37v4wixxq2bm');
INSERT INTO entry_keys (kind, key, entry_id) VALUES ('lead', '1:f3c43fed651cf0cdf431', 'w5nevppw6ozbk');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('luttoex5v5zro', 'blog', '2026-03-02 04:00:00.000000', 'index.txt', 'no known entry has its title and day, or its text');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('tqp7l4h6u7sis', 'blog', '2026-03-02 04:00:00.000000', 'index.txt', 'no known entry has its title and day, or its text');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('3bqouireglacy', 'blog', '2026-03-02 04:00:00.000000', 'index.txt', 'no known entry has its title and day, or its text');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('5xc2pauc2wk3i', 'blog', '2026-03-02 04:00:00.000000', 'notices.txt', 'no known entry has its title and day, or its text');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('vyx54yuxtkrl4', 'blog', '2026-03-02 04:00:00.000000', 'notices.txt', 'no known entry has its title and day, or its text');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('b37v4wixxq2bm', 'blog', '2026-03-02 04:00:00.000000', 'search.txt', 'no known entry has its title and day, or its text');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('bu6texzxknzz2', 'blog', '2026-03-02 04:00:00.000000', 'search.txt', 'no known entry has its title and day, or its text');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('w5nevppw6ozbk', 'blog', '2026-03-02 04:00:00.000000', 'search.txt', 'no known entry has its title and day, or its text');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('jashf52cvet6k', 'blog', '2026-03-02 04:00:00.000000', 'tag.txt', 'no known entry has its title and day, or its text');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('p7kzucjnfdwck', 'blog', '2026-03-02 04:00:00.000000', 'tag.txt', 'no known entry has its title and day, or its text');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('zu6wn4gy47b7c', 'blog', '2026-03-02 04:00:00.000000', 'tag.txt', 'no known entry has its title and day, or its text');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('jnkz52wtvqtda', 'blog', '2026-03-02 04:00:00.000000', 'tag.txt', 'no known entry has its title and day, or its text');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('qxbgsk5zaa4pa', 'blog', '2026-03-02 04:00:00.000000', 'tag.txt', 'no known entry has its title and day, or its text');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('i3vjgv3j5y6ja', 'blog', '2026-03-02 04:00:00.000000', 'tag.txt', 'no known entry has its title and day, or its text');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('rbzefsj36nxvc', 'blog', '2026-03-10 04:00:00.000000', 'again.txt', 'may correct one of their titles; kept as a new entry');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('q3f2e33nwcrs2', 'blog', '2026-03-10 04:00:00.000000', 'again.txt', 'no known entry has its title and day, or its text');
INSERT INTO entry_sources (entry_id, source, first_seen_at, path, because) VALUES ('fg5tspszdfp3u', 'blog', '2026-03-10 04:00:00.000000', 'index.txt', 'no known entry has its title and day, or its text');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 1, '3bqouireglacy');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 2, 'tqp7l4h6u7sis');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 3, 'luttoex5v5zro');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 4, 'jashf52cvet6k');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 5, 'p7kzucjnfdwck');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 6, 'zu6wn4gy47b7c');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 7, 'jnkz52wtvqtda');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 8, 'qxbgsk5zaa4pa');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 9, 'i3vjgv3j5y6ja');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 10, 'vyx54yuxtkrl4');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 11, '5xc2pauc2wk3i');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 12, 'w5nevppw6ozbk');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 13, 'bu6texzxknzz2');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 14, 'b37v4wixxq2bm');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 1, '3bqouireglacy');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 2, 'tqp7l4h6u7sis');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 3, 'luttoex5v5zro');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 4, 'jashf52cvet6k');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 5, 'p7kzucjnfdwck');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 6, 'zu6wn4gy47b7c');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 7, 'jnkz52wtvqtda');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 8, 'qxbgsk5zaa4pa');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 9, 'i3vjgv3j5y6ja');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 10, 'vyx54yuxtkrl4');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 11, '5xc2pauc2wk3i');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 12, 'w5nevppw6ozbk');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 13, 'bu6texzxknzz2');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 14, 'b37v4wixxq2bm');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 15, 'q3f2e33nwcrs2');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 16, 'rbzefsj36nxvc');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 15, 'q3f2e33nwcrs2');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 16, 'rbzefsj36nxvc');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('', 17, 'fg5tspszdfp3u');
INSERT INTO feed_entries (feed, number, entry_id) VALUES ('source/blog', 17, 'fg5tspszdfp3u');
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('5xc2pauc2wk3i', '2026-03-02 04:00:00.000000', 'blog', 12);
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('vyx54yuxtkrl4', '2026-03-02 04:00:00.000000', 'blog', 15);
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('b37v4wixxq2bm', '2026-03-02 04:00:00.000000', 'blog', 932);
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('bu6texzxknzz2', '2026-03-02 04:00:00.000000', 'blog', 410);
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('w5nevppw6ozbk', '2026-03-02 04:00:00.000000', 'blog', 77);
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('jashf52cvet6k', '2026-03-02 04:00:00.000000', 'blog', 10);
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('p7kzucjnfdwck', '2026-03-02 04:00:00.000000', 'blog', 20);
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('zu6wn4gy47b7c', '2026-03-02 04:00:00.000000', 'blog', 30);
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('jnkz52wtvqtda', '2026-03-02 04:00:00.000000', 'blog', 40);
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('qxbgsk5zaa4pa', '2026-03-02 04:00:00.000000', 'blog', 50);
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('i3vjgv3j5y6ja', '2026-03-02 04:00:00.000000', 'blog', 60);
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('bu6texzxknzz2', '2026-03-10 04:00:00.000000', 'blog', 420);
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('b37v4wixxq2bm', '2026-03-10 04:00:00.000000', 'blog', 951);
INSERT INTO reader_counts (entry_id, counted_at, source, readers) VALUES ('w5nevppw6ozbk', '2026-03-10 04:00:00.000000', 'blog', 80);
INSERT INTO searched (number, entry_id, title, body) VALUES (1, 'luttoex5v5zro', '山路 路', '山路 路从 从村 村口 口开 开始 始 绕过 过一 一片 片竹 竹林 林 再往 往上 上便 便是 是石 石阶 阶 石阶 阶一 一共 共三 三百 百二 二十 十级 级 雨后 后很 很滑 滑 栏杆 杆也 也坏 坏了 了几 几处 处');
INSERT INTO searched (number, entry_id, title, body) VALUES (2, 'tqp7l4h6u7sis', '溪水 水', '溪水 水在 在石 石头 头之 之间 间流 流过 过 声音 音不 不大 大 但整 整夜 夜都 都听 听得 得见 见');
INSERT INTO searched (number, entry_id, title, body) VALUES (3, '3bqouireglacy', '旧桥 桥', '旧桥 桥是 是木 木头 头做 做的 的 桥面 面换 换过 过三 三次 次 桥墩 墩还 还是 是原 原来 来的 的 今年 年又 又要 要修 修了 了');
INSERT INTO searched (number, entry_id, title, body) VALUES (4, '5xc2pauc2wk3i', '公告 告', '本站 站将 将于 于周 周末 末迁 迁移 移到 到新 新的 的机 机器 器上 上 其间 间页 页面 面可 可能 能打 打不 不开 开 迁移 移完 完毕 毕后 后一 一切 切照 照旧 旧 如有 有问 问题 题请 请留 留言 言告 告知 知');
INSERT INTO searched (number, entry_id, title, body) VALUES (5, 'vyx54yuxtkrl4', '迁移 移', '本站 站将 将于 于周 周末 末迁 迁移 移到 到新 新的 的机 机器 器上 上 其间 间页 页面 面可 可能 能打 打不 不开 开 迁移 移完 完毕 毕后 后一 一切 切照 照旧 旧 如有 有问 问题 题请 请留 留言 言告 告知 知');
INSERT INTO searched (number, entry_id, title, body) VALUES (6, 'b37v4wixxq2bm', '最小 小二 二乘 乘', '最小 小二 二乘 乘法 法把 把误 误差 差的 的平 平方 方加 加起 起来 来 然后 后求 求它 它的 的最 最小 小值 值 它的 的几 几何 何意 意义 义是 是投 投影 影 矩阵 阵的 的迹 迹 by 山客 客 2021 01 05 1 2 万位 位读 读者 者 引用 用矩 矩阵 阵的 的迹 迹是 是对 对角 角线 线上 上元 元素 素的 的和 和 它等 等于 于所 所有 有特 特征 征值 值的 的和 和 在相 相似 似变 变换 换之 之下 下它 它不 不变 变');
INSERT INTO searched (number, entry_id, title, body) VALUES (7, 'bu6texzxknzz2', '圆周 周率 率小 小史 史', '圆周 周率 率的 的计 计算 算有 有很 很长 长的 的历 历史 史 从割 割圆 圆术 术到 到级 级数 数 再到 到今 今天 天的 的算 算法 法');
INSERT INTO searched (number, entry_id, title, body) VALUES (8, 'w5nevppw6ozbk', '梯度 度再 再探 探', '梯度 度指 指向 向函 函数 数增 增长 长最 最快 快的 的方 方向 向 所以 以下 下降 降法 法总 总是 是沿 沿着 着它 它的 的反 反方 方向 向走 走 直到 到走 走不 不动 动为 为止 止 步子 子太 太大 大会 会越 越过 过谷 谷底 底 太小 小则 则走 走得 得太 太慢 慢');
INSERT INTO searched (number, entry_id, title, body) VALUES (9, 'jashf52cvet6k', '数学 学笔 笔记 记之 之群 群', '这是 是数 数学 学笔 笔记 记里 里谈 谈到 到群 群的 的一 一篇 篇 先举 举例 例子 子 再讲 讲证 证明 明 最后 后留 留几 几道 道习 习题 题');
INSERT INTO searched (number, entry_id, title, body) VALUES (10, 'p7kzucjnfdwck', '数学 学笔 笔记 记之 之环 环', '这是 是数 数学 学笔 笔记 记里 里谈 谈到 到环 环的 的一 一篇 篇 先举 举例 例子 子 再讲 讲证 证明 明 最后 后留 留几 几道 道习 习题 题');
INSERT INTO searched (number, entry_id, title, body) VALUES (11, 'zu6wn4gy47b7c', '数学 学笔 笔记 记之 之域 域', '这是 是数 数学 学笔 笔记 记里 里谈 谈到 到域 域的 的一 一篇 篇 先举 举例 例子 子 再讲 讲证 证明 明 最后 后留 留几 几道 道习 习题 题');
INSERT INTO searched (number, entry_id, title, body) VALUES (12, 'jnkz52wtvqtda', '数学 学笔 笔记 记之 之模 模', '这是 是数 数学 学笔 笔记 记里 里谈 谈到 到模 模的 的一 一篇 篇 先举 举例 例子 子 再讲 讲证 证明 明 最后 后留 留几 几道 道习 习题 题');
INSERT INTO searched (number, entry_id, title, body) VALUES (13, 'qxbgsk5zaa4pa', '数学 学笔 笔记 记之 之格 格', '这是 是数 数学 学笔 笔记 记里 里谈 谈到 到格 格的 的一 一篇 篇 先举 举例 例子 子 再讲 讲证 证明 明 最后 后留 留几 几道 道习 习题 题');
INSERT INTO searched (number, entry_id, title, body) VALUES (14, 'i3vjgv3j5y6ja', '数学 学笔 笔记 记之 之序 序', '这是 是数 数学 学笔 笔记 记里 里谈 谈到 到序 序的 的一 一篇 篇 先举 举例 例子 子 再讲 讲证 证明 明 最后 后留 留几 几道 道习 习题 题');
INSERT INTO searched (number, entry_id, title, body) VALUES (15, 'rbzefsj36nxvc', '关于 于搬 搬家 家', '本站 站将 将于 于周 周末 末迁 迁移 移到 到新 新的 的机 机器 器上 上 其间 间页 页面 面可 可能 能打 打不 不开 开 迁移 移完 完毕 毕后 后一 一切 切照 照旧 旧 如有 有问 问题 题请 请留 留言 言告 告知 知');
INSERT INTO searched (number, entry_id, title, body) VALUES (16, 'q3f2e33nwcrs2', '植物 物园 园一 一日 日', '植物 物园 园的 的温 温室 室里 里很 很热 热 兰花 花开 开了 了一 一半 半 仙人 人掌 掌长 长得 得比 比人 人还 还高 高');
INSERT INTO searched (number, entry_id, title, body) VALUES (17, 'fg5tspszdfp3u', '春茶 茶', '清明 明以 以前 前采 采的 的茶 茶叫 叫春 春茶 茶 叶子 子小 小 颜色 色浅 浅 泡出 出来 来有 有一 一点 点甜 甜');
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because) VALUES ('blog', 'notices.txt', 0, 0, '5xc2pauc2wk3i', '公告', 6, 9, 2019, 12, 'x1:c218d2679652147cb141651c770bf412', 1, 'no known entry has its title and day, or its text');
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because) VALUES ('blog', 'notices.txt', 0, 1, 'vyx54yuxtkrl4', '迁移', 6, 9, 2019, 15, 'x1:41b63632d9f405c1dc4616d05b530eee', 1, 'no known entry has its title and day, or its text');
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because) VALUES ('blog', 'tag.txt', 0, 0, 'jashf52cvet6k', '数学笔记之群', 1, 11, 2018, 10, 'x1:08f1941651dee380a8de8dcb5450c7fa', 1, 'no known entry has its title and day, or its text');
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because) VALUES ('blog', 'tag.txt', 0, 1, 'p7kzucjnfdwck', '数学笔记之环', 2, 12, 2018, 20, 'x1:1b8fa63f29b8309d602928224567de1c', 1, 'no known entry has its title and day, or its text');
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because) VALUES ('blog', 'tag.txt', 0, 2, 'zu6wn4gy47b7c', '数学笔记之域', 3, 13, 2018, 30, 'x1:7f34f48dbe14b0669687011b06d5efdc', 1, 'no known entry has its title and day, or its text');
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because) VALUES ('blog', 'tag.txt', 0, 3, 'jnkz52wtvqtda', '数学笔记之模', 4, 14, 2018, 40, 'x1:20a9fdd596e4cd9795f0133bb010ea94', 1, 'no known entry has its title and day, or its text');
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because) VALUES ('blog', 'tag.txt', 0, 4, 'qxbgsk5zaa4pa', '数学笔记之格', 5, 15, 2018, 50, 'x1:74f4be79087567c830872a4a7631acbb', 1, 'no known entry has its title and day, or its text');
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because) VALUES ('blog', 'tag.txt', 0, 5, 'i3vjgv3j5y6ja', '数学笔记之序', 6, 16, 2018, 60, 'x1:644ca0d897bbda89e6d848d1dce3674d', 1, 'no known entry has its title and day, or its text');
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because) VALUES ('blog', 'again.txt', 0, 0, 'rbzefsj36nxvc', '关于搬家', 6, 9, NULL, NULL, 'x1:90f729e15860fdac0f5ffd26ae0403f8', 1, 'may correct one of their titles; kept as a new entry');
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because) VALUES ('blog', 'again.txt', 0, 1, 'q3f2e33nwcrs2', '植物园一日', 8, 11, NULL, NULL, 'x1:20784cd1a1be5991849bec0ab62d90d4', 1, 'no known entry has its title and day, or its text');
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because) VALUES ('blog', 'index.txt', 0, 0, 'fg5tspszdfp3u', '春茶', 3, 6, NULL, NULL, 'x1:77b3d7218ec7cb2dbb010dba9a9e6c41', 1, 'no known entry has its title and day, or its text');
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because) VALUES ('blog', 'index.txt', 0, 1, 'luttoex5v5zro', '山路', 2, 26, NULL, NULL, 'x1:4240f6bcedc2834d585aaaa0ffb80593', 1, 'no known entry has its title and day, or its text');
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because) VALUES ('blog', 'index.txt', 0, 2, 'tqp7l4h6u7sis', '溪水', 2, 20, NULL, NULL, 'x1:6b076a1a75f152407c27229783846ee2', 1, 'no known entry has its title and day, or its text');
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because) VALUES ('blog', 'index.txt', 0, 3, '3bqouireglacy', '旧桥', 2, 14, NULL, NULL, 'x1:a9d3f53953a61b35788842474a6ac5b2', 1, 'no known entry has its title and day, or its text');
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because) VALUES ('blog', 'search.txt', 0, 0, 'b37v4wixxq2bm', '最小二乘', 2, 11, 2021, 951, 'x1:0dd81cff5e13db62048e08ffef342e7b', 1, 'no known entry has its title and day, or its text');
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because) VALUES ('blog', 'search.txt', 0, 1, 'bu6texzxknzz2', '圆周率小史', 11, 20, 2020, 420, 'x1:66a25bbd981af8db9464d449a7178a19', 1, 'no known entry has its title and day, or its text');
INSERT INTO placings (source, path, page, position, entry_id, title, month, day, year, readers, view, complete, because) VALUES ('blog', 'search.txt', 0, 2, 'w5nevppw6ozbk', '梯度再探', 10, 2, 2020, 80, 'x1:e49cbdd70ef6c1a3defa91f3947a3638', 1, 'no known entry has its title and day, or its text');
INSERT INTO digests (id, configured_at) VALUES ('weekly', '2026-03-02 04:00:00.000000');
INSERT INTO editions (key, digest, slot_at, opens_at, closes_at, empty) VALUES ('weekly/2026-W10', 'weekly', NULL, NULL, '2026-03-02 04:20:00.000000', 0);
INSERT INTO editions (key, digest, slot_at, opens_at, closes_at, empty) VALUES ('weekly/2026-W11', 'weekly', NULL, '2026-03-02 04:20:00.000000', '2026-03-10 04:20:00.000000', 0);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W10', 0, 'new', 'b37v4wixxq2bm', 1, NULL);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W10', 1, 'new', 'bu6texzxknzz2', 1, NULL);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W10', 2, 'new', 'w5nevppw6ozbk', 1, NULL);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W10', 3, 'new', '5xc2pauc2wk3i', 1, NULL);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W10', 4, 'new', 'vyx54yuxtkrl4', 1, NULL);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W10', 5, 'new', 'i3vjgv3j5y6ja', 1, NULL);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W10', 6, 'new', 'qxbgsk5zaa4pa', 1, NULL);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W10', 7, 'new', 'jnkz52wtvqtda', 1, NULL);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W10', 8, 'new', 'zu6wn4gy47b7c', 1, NULL);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W10', 9, 'new', 'p7kzucjnfdwck', 1, NULL);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W11', 0, 'new', 'fg5tspszdfp3u', 1, NULL);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W11', 1, 'new', 'rbzefsj36nxvc', 1, NULL);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W11', 2, 'new', 'q3f2e33nwcrs2', 1, NULL);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W11', 3, 'most_read', 'b37v4wixxq2bm', 2, 19);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W11', 4, 'most_read', 'bu6texzxknzz2', 1, 10);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W11', 5, 'most_read', 'w5nevppw6ozbk', 2, 3);
INSERT INTO edition_entries (edition, ordinal, section, entry_id, revision, gained) VALUES ('weekly/2026-W11', 6, 'corrected', 'w5nevppw6ozbk', 2, NULL);
INSERT INTO edition_bodies (edition, ordinal, language, subject, html, text, told) VALUES ('weekly/2026-W10', 0, 'zh_CN', '山上 每周摘要 · 3月第1周：最小二乘 等10篇', '<p>…</p>', '山上 每周摘要
2026年3月2日
https://digest.example.org/editions/weekly/2026-W10

== 本期内容 ==

  1. 最小二乘
  2. 圆周率小史
  3. 梯度再探
  4. 公告
  5. 迁移
  6. 数学笔记之序
  7. 数学笔记之格
  8. 数学笔记之模
  9. 数学笔记之域
  10. 数学笔记之环

== 新文章 ==

* 最小二乘
  山客 · 2021年2月11日
  https://digest.example.org/entries/b37v4wixxq2bm

  最小二乘法把误差的平方加起来，然后求它的最小值。

  它的几何意义是投影。

* 圆周率小史
  山客 · 2020年11月20日
  https://digest.example.org/entries/bu6texzxknzz2

  圆周率的计算有很长的历史，从割圆术到级数，再到今天的算法。

* 梯度再探
  林间 · 2020年10月2日
  https://digest.example.org/entries/w5nevppw6ozbk

  梯度指向函数增长最快的方向，所以下降法沿着它的反方向走。

  步子太大会越过谷底，太小则走得太慢。

* 公告
  站长 · 2019年6月9日
  https://digest.example.org/entries/5xc2pauc2wk3i

  本站将于周末迁移到新的机器上，其间页面可能打不开，迁移完毕后一切照
  旧，如有问题请留言告知。

* 迁移
  站长 · 2019年6月9日
  https://digest.example.org/entries/vyx54yuxtkrl4

  本站将于周末迁移到新的机器上，其间页面可能打不开，迁移完毕后一切照
  旧，如有问题请留言告知。

* 数学笔记之序
  林间 · 2018年6月16日
  https://digest.example.org/entries/i3vjgv3j5y6ja

  这是数学笔记里谈到序的一篇，先举例子，再讲证明，最后留几道习题。

* 数学笔记之格
  林间 · 2018年5月15日
  https://digest.example.org/entries/qxbgsk5zaa4pa

  这是数学笔记里谈到格的一篇，先举例子，再讲证明，最后留几道习题。

* 数学笔记之模
  林间 · 2018年4月14日
  https://digest.example.org/entries/jnkz52wtvqtda

  这是数学笔记里谈到模的一篇，先举例子，再讲证明，最后留几道习题。

* 数学笔记之域
  林间 · 2018年3月13日
  https://digest.example.org/entries/zu6wn4gy47b7c

  这是数学笔记里谈到域的一篇，先举例子，再讲证明，最后留几道习题。

* 数学笔记之环
  林间 · 2018年2月12日
  https://digest.example.org/entries/p7kzucjnfdwck

  这是数学笔记里谈到环的一篇，先举例子，再讲证明，最后留几道习题。

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
', '[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]');
INSERT INTO edition_bodies (edition, ordinal, language, subject, html, text, told) VALUES ('weekly/2026-W11', 0, 'zh_CN', '山上 每周摘要 · 3月第2周：春茶 等3篇', '<p>…</p>', '山上 每周摘要
2026年3月10日
https://digest.example.org/editions/weekly/2026-W11

== 新文章 ==

* 春茶
  3月6日
  https://digest.example.org/entries/fg5tspszdfp3u

  清明以前采的茶叫春茶，叶子小，颜色浅，泡出来有一点甜。

* 关于搬家
  6月9日
  https://digest.example.org/entries/rbzefsj36nxvc

  本站将于周末迁移到新的机器上，其间页面可能打不开，迁移完毕后一切照
  旧，如有问题请留言告知。

* 植物园一日
  8月11日
  https://digest.example.org/entries/q3f2e33nwcrs2

  植物园的温室里很热，兰花开了一半，仙人掌长得比人还高。

== 上期以来最多人读 ==

1. 最小二乘
   ████████████████████████ 新增19位读者
   https://digest.example.org/entries/b37v4wixxq2bm
2. 圆周率小史
   ████████████▋ 新增10位读者
   https://digest.example.org/entries/bu6texzxknzz2
3. 梯度再探
   ███▊ 新增3位读者
   https://digest.example.org/entries/w5nevppw6ozbk

== 更正 ==

* 梯度再探
  https://digest.example.org/entries/w5nevppw6ozbk

  原文：梯度指向函数增长最快的方向，所以下降法沿着它的反方向走。
  现为：梯度指向函数增长最快的方向，所以下降法{+总是+}沿着它的反方向走
  {+，直到走不动为止+}。

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
INSERT INTO subscribers (id, address, address_key, name, language, format, timezone, topics, paused_until, created_at, suppressed, suppressed_at, erased_at) VALUES (1, 'reader@example.com', 'reader@example.com', '读者', 'zh_CN', 'both', '', '[]', NULL, '2026-03-02 04:10:00.000000', '', NULL, NULL);
INSERT INTO subscriptions (subscriber_id, digest, joined_at, since, behind, left_at) VALUES (1, 'weekly', '2026-03-02 04:10:00.000000', '2026-03-02 04:10:00.000000', 0, NULL);
INSERT INTO consents (id, subscriber_id, digest, act, source, wording, asked_at, at) VALUES (1, 1, 'weekly', 'joined', 'operator, digest subscribers add', '', NULL, '2026-03-02 04:10:00.000000');
INSERT INTO deliveries (edition, subscriber_id, variant, state, attempts, next_at, leased_until, leased_from, begun, uncertain, message_id, code, text, accepted_at, begun_at, written_at) VALUES ('weekly/2026-W10', 1, 0, 'planned', 0, '2026-03-02 04:20:00.000000', NULL, NULL, 0, 0, '<weekly.2026-W10.f708fddd7a6a15787906dda9e43c9d53@example.org>', NULL, '', NULL, NULL, '2026-03-02 04:20:00.000000');
INSERT INTO deliveries (edition, subscriber_id, variant, state, attempts, next_at, leased_until, leased_from, begun, uncertain, message_id, code, text, accepted_at, begun_at, written_at) VALUES ('weekly/2026-W11', 1, 0, 'planned', 0, '2026-03-10 04:20:00.000000', NULL, NULL, 0, 0, '<weekly.2026-W11.2bdb55b59830f81f0f804051d873cab1@example.org>', NULL, '', NULL, NULL, '2026-03-10 04:20:00.000000');
