/* downloads.c: prepared downloads, their links, and what was delivered through them. */
#include "lib/store/downloads.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/model/backup.h"
#include "lib/model/project.h"
#include "lib/store/backup_plan.h"
#include "lib/store/backups.h"
#include "lib/store/lease.h"
#include "lib/store/enqueue.h"
#include "lib/store/policies.h"
#include "lib/store/sql.h"
#include "lib/util/hash.h"

/* -- asking for one -- */

/* What a request comes to: the backup, the chosen parts in order, and the text that names this
 * content. */
struct choice {
	struct backup backup;
	struct part *parts;
	size_t count;
	char *content;
};

int
downloads_allowed(struct db *db, int64_t environment, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct policy p;

	if (policies_get(&p, a, db, POLICY_DOWNLOADS, environment, e) != 0)
		return -1;
	if (strcmp(p.value, "forbidden") != 0)
		return 0;
	return err_set(e, ERR_DENIED,
	    "Downloads of this environment's backups are forbidden by a policy of the %s",
	    p.level == LEVEL_ENVIRONMENT ? "environment" : policy_level_name(p.level));
}

static bool
is_files(const struct part *p)
{
	return strcmp(p->engine, engine_name(ENGINE_FILES)) == 0;
}

static bool
wanted(const struct download_request *rq, int64_t part)
{
	for (size_t i = 0; i < rq->part_count; i++)
		if (rq->parts[i] == part)
			return true;
	return false;
}

static bool
is_of(const struct download_choice *choice, const struct part *p)
{
	return choice != NULL && choice->part == p->id;
}

/* The format says nothing about a database: with none of files chosen it is left out of the
 * content's name. */
static char *
name_content(struct arena *a, const struct choice *c, const struct download_request *rq)
{
	CLEANUP_BUF struct buf list = BUF_INIT;
	char chosen[HASH_HEX_SIZE];
	const char *packed = "native";

	for (size_t i = 0; i < c->count; i++) {
		buf_printf(&list, "%s%" PRId64, i > 0 ? "," : "", c->parts[i].id);
		if (is_files(&c->parts[i]))
			packed = download_format_name(rq->format);
	}
	if (rq->choice == NULL)
		return arena_printf(a, "%" PRId64 ":%s:%s", c->backup.id, packed, list.p);
	hash_of(chosen, rq->choice->paths, strlen(rq->choice->paths));
	return arena_printf(a, "%" PRId64 ":%s:%s:%" PRId64 "=%s", c->backup.id, packed, list.p,
	    rq->choice->part, chosen);
}

static bool
has_files(const struct choice *c, int64_t part)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->parts[i].id == part)
			return is_files(&c->parts[i]);
	return false;
}

static int
choose(struct choice *ret, struct arena *a, struct db *db, const struct download_request *rq,
    struct err *e)
{
	struct backup *b = &ret->backup;
	struct part *parts;
	size_t n;

	if (backups_by_id(b, a, db, rq->backup, e) != 0 ||
	    backups_parts(&parts, &n, a, db, rq->backup, e) != 0)
		return -1;
	if (b->environment != rq->job.environment)
		return err_set(e, ERR_NOT_FOUND, "there is no backup b%" PRId64 " here", b->id);
	if (downloads_allowed(db, b->environment, e) != 0 || backup_plan_usable(b, e) != 0)
		return -1;
	if (rq->part_count == 0)
		return err_set(e, ERR_INPUT, "Choose at least one thing to download");
	ret->parts = arena_array(a, n, sizeof *ret->parts);
	ret->count = 0;
	for (size_t i = 0; i < n; i++)
		if (wanted(rq, parts[i].id))
			ret->parts[ret->count++] = parts[i];
	if (ret->count != rq->part_count)
		return err_set(e, ERR_INPUT,
		    "a part was chosen that backup b%" PRId64 " does not have", b->id);
	if (rq->choice != NULL && !has_files(ret, rq->choice->part))
		return err_set(e, ERR_INPUT, "paths were chosen of what is not downloaded");
	ret->content = name_content(a, ret, rq);
	return 0;
}

/* A living one of the same content: ready, or being prepared for the same person. 0 when there is
 * none. */
static int
find_same(struct download_ids *ret, struct db *db, const struct download_request *rq,
    const char *content, struct err *e)
{
	/* A minute of life left: time enough to begin with it. */
	static const char sql[] =
	    "SELECT d.id, CASE d.state WHEN 'ready' THEN 0 ELSE (SELECT min(j.id) FROM job j WHERE"
	    " j.download=d.id) END FROM download d WHERE d.content=?1 AND d.state IN ('preparing',"
	    " 'ready') AND ((d.state='ready' AND d.expires_at>?2+60000) OR (d.state='preparing'"
	    " AND d.requested_by=?3)) AND d.valid_ms=?4 AND d.max_uses=?5 ORDER BY d.id DESC LIMIT"
	    " 1";
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	if (sql_open(&q, db, sql,
	        SQL_ARGS(sql_t(content), sql_i(clock_now()), sql_id(rq->job.requested_by),
	            sql_i(rq->valid_ms), sql_i(rq->max_uses)),
	        e) != 0 ||
	    (rc = sql_row(q, e)) < 0)
		return -1;
	*ret = (struct download_ids){ 0, 0, rc == 1 };
	if (rc == 1) {
		ret->download = sql_int(q, 0);
		ret->job = sql_int(q, 1);
	}
	return 0;
}

const char *
downloads_ending(const char *engine, enum download_format format)
{
	if (strcmp(engine, engine_name(ENGINE_FILES)) == 0)
		return download_format_name(format);
	return strcmp(engine, engine_name(ENGINE_SQLITE)) == 0 ? "sqlite" : "dump";
}

/* "shop-live-media-20261121T020000Z.tar.zst" */
static char *
file_name(struct arena *a, const struct choice *c, const struct part *p,
    const struct download_request *rq)
{
	const char *ending = downloads_ending(p->engine, rq->format);
	char time[CLOCK_ISO_SIZE];

	if (is_of(rq->choice, p) && rq->choice->name != NULL)
		return arena_dup(a, rq->choice->name);
	clock_compact(time, p->taken_at != 0 ? p->taken_at : c->backup.created_at);
	return arena_printf(a, "%s-%s-%s-%s.%s", c->backup.project_slug, c->backup.environment_slug,
	    p->service_slug, time, ending);
}

static int
add_download(struct download_ids *ret, struct arena *a, struct db *db,
    const struct download_request *rq, const struct choice *c, struct err *e)
{
	static const char sql_add[] =
	    "INSERT INTO download (uuid, backup, environment, requested_by, state, format,"
	    " content, created_at, valid_ms, max_uses) VALUES (?1, ?2, ?3, ?4, 'preparing', ?5,"
	    " ?6, ?7, ?8, ?9) RETURNING id";
	static const char sql_file[] =
	    "INSERT INTO download_file (download, part, name, choice) VALUES (?1, ?2, ?3, ?4)";
	char uuid[UUID_SIZE];

	rand_uuid(uuid);
	if (sql_get(&ret->download, db, sql_add,
	        SQL_ARGS(sql_t(uuid), sql_i(c->backup.id), sql_i(c->backup.environment),
	            sql_id(rq->job.requested_by), sql_t(download_format_name(rq->format)),
	            sql_t(c->content), sql_i(clock_now()), sql_i(rq->valid_ms),
	            sql_i(rq->max_uses)),
	        e) != 0)
		return -1;
	for (size_t i = 0; i < c->count; i++)
		if (sql_run(NULL, db, sql_file,
		        SQL_ARGS(sql_i(ret->download), sql_i(c->parts[i].id),
		            sql_t(file_name(a, c, &c->parts[i], rq)),
		            sql_t(is_of(rq->choice, &c->parts[i]) ? rq->choice->paths : "")),
		        e) != 0)
			return -1;
	return enqueue_add(&ret->job, db, &rq->job,
	    &(struct enqueue_work){ .kind = JOB_DOWNLOAD, .backup = c->backup.id,
	        .download = ret->download },
	    e);
}

int
downloads_request(struct download_ids *ret, struct db *db, const struct download_request *rq,
    struct err *e)
{
	static const char sql_of_job[] = "SELECT download FROM job WHERE id=?1";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct download_ids ids = { 0, 0, false };
	struct choice choice;

	if (sql_begin(&t, db, e) != 0 ||
	    enqueue_known(&ids.job, db, rq->job.key, JOB_DOWNLOAD, e) != 0)
		return -1;
	if (ids.job != 0) {
		if (sql_get(&ids.download, db, sql_of_job, SQL_ARGS(sql_i(ids.job)), e) != 0)
			return -1;
	} else {
		if (choose(&choice, a, db, rq, e) != 0 ||
		    find_same(&ids, db, rq, choice.content, e) != 0)
			return -1;
		if (!ids.reused && add_download(&ids, a, db, rq, &choice, e) != 0)
			return -1;
	}
	if (sql_commit(&t, e) != 0)
		return -1;
	*ret = ids;
	return 0;
}

/* -- looking -- */

#define DOWNLOAD_COLUMNS \
	"SELECT d.id, d.uuid, d.backup, d.environment, (SELECT min(j.id) FROM job j WHERE" \
	" j.download=d.id), d.requested_by, coalesce(a.email, 'system'), d.state, d.format," \
	" d.created_at, d.ready_at, d.expires_at, d.valid_ms, d.max_uses, (SELECT max(u.uses)" \
	" FROM link l JOIN link_use u ON u.link=l.id WHERE l.download=d.id), d.bytes, d.error," \
	" p.slug, v.slug, b.note, b.created_at FROM download d JOIN backup b ON b.id=d.backup" \
	" JOIN environment v ON v.id=d.environment JOIN project p ON p.id=v.project LEFT JOIN" \
	" account a ON a.id=d.requested_by"

static void
read_download(void *row, struct sql *q, struct arena *a)
{
	struct download *d = row;
	int c = 0;

	d->id = sql_int(q, c++);
	d->uuid = sql_text(q, c++, a);
	d->backup = sql_int(q, c++);
	d->environment = sql_int(q, c++);
	d->job = sql_int(q, c++);
	d->requested_by = sql_int(q, c++);
	d->requested_name = sql_text(q, c++, a);
	if (!download_state_parse(&d->state, sql_text(q, c++, a)))
		d->state = DOWNLOAD_STATES;
	if (!download_format_parse(&d->format, sql_text(q, c++, a)))
		d->format = DOWNLOAD_FORMATS;
	d->created_at = sql_int(q, c++);
	d->ready_at = sql_int(q, c++);
	d->expires_at = sql_int(q, c++);
	d->valid_ms = sql_int(q, c++);
	d->max_uses = sql_int(q, c++);
	d->uses = sql_int(q, c++);
	d->bytes = sql_int(q, c++);
	d->error = sql_text_or_null(q, c++, a);
	d->project_slug = sql_text(q, c++, a);
	d->environment_slug = sql_text(q, c++, a);
	d->note = sql_text(q, c++, a);
	d->taken_at = sql_int(q, c++);
	/* Its time is up, whether the worker has got to it or not. */
	if (d->state == DOWNLOAD_READY && d->expires_at <= clock_now())
		d->state = DOWNLOAD_EXPIRED;
}

/* What needs a look of its own per row: the contents and the newest mail. */
static int
complete(struct download *d, struct arena *a, struct db *db, struct err *e)
{
	static const char sql_mail[] = "SELECT o.state, o.last_error FROM outbox o WHERE o.job IN"
	    " (SELECT j.id FROM job j WHERE j.download=?1) ORDER BY o.id DESC LIMIT 1";
	CLEANUP_BUF struct buf contents = BUF_INIT;
	CLEANUP_SQL struct sql *q = NULL;
	struct download_file *files;
	size_t n;

	if (downloads_files(&files, &n, a, db, d->id, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		buf_printf(&contents, "%s%s", i > 0 ? ", " : "", files[i].service_slug);
	d->contents = arena_dupn(a, contents.p, contents.n);
	d->mail_state = d->mail_error = "";
	if (sql_open(&q, db, sql_mail, SQL_ARGS(sql_i(d->id)), e) != 0)
		return -1;
	switch (sql_row(q, e)) {
	case 1:
		d->mail_state = sql_text(q, 0, a);
		d->mail_error = sql_text(q, 1, a);
		return 0;
	case 0:
		return 0;
	default:
		return -1;
	}
}

int
downloads_by_id(struct download *ret, struct arena *a, struct db *db, int64_t id, struct err *e)
{
	static const char sql[] = DOWNLOAD_COLUMNS " WHERE d.id=?1";
	int rc = sql_first(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(id)), sizeof *ret, read_download }, e);

	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no download d%" PRId64, id);
	return rc == 1 ? complete(ret, a, db, e) : -1;
}

static void
read_file(void *row, struct sql *q, struct arena *a)
{
	struct download_file *f = row;
	int c = 0;

	f->id = sql_int(q, c++);
	f->download = sql_int(q, c++);
	f->part = sql_int(q, c++);
	f->name = sql_text(q, c++, a);
	f->path = sql_text(q, c++, a);
	f->bytes = sql_int(q, c++);
	f->sha256 = sql_text(q, c++, a);
	f->choice = sql_text(q, c++, a);
	f->service_slug = sql_text(q, c++, a);
	f->service_name = sql_text(q, c++, a);
	f->engine = sql_text(q, c++, a);
}

int
downloads_files(struct download_file **ret, size_t *count, struct arena *a, struct db *db,
    int64_t download, struct err *e)
{
	static const char sql[] =
	    "SELECT f.id, f.download, f.part, f.name, f.path, f.bytes, f.sha256, f.choice,"
	    " p.service_slug, p.service_name, p.engine FROM download_file f JOIN part p ON"
	    " p.id=f.part WHERE f.download=?1 ORDER BY f.id";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(download)), sizeof **ret, read_file },
	    e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

static int
list(struct download **ret, size_t *count, const struct sql_query *query, struct err *e)
{
	struct download *rows = sql_list(count, query, e);

	if (rows == NULL)
		return -1;
	for (size_t i = 0; i < *count; i++)
		if (complete(&rows[i], query->arena, query->db, e) != 0)
			return -1;
	*ret = rows;
	return 0;
}

int
downloads_list(struct download **ret, size_t *count, struct arena *a, struct db *db,
    int64_t environment, int64_t after, struct err *e)
{
	static const char sql[] =
	    DOWNLOAD_COLUMNS " WHERE d.environment=?1 AND d.id<?2 ORDER BY d.id DESC LIMIT 50";

	return list(ret, count,
	    &(struct sql_query){ db, a, sql,
	        SQL_ARGS(sql_i(environment), sql_i(after > 0 ? after : INT64_MAX)), sizeof **ret,
	        read_download },
	    e);
}

int
downloads_of_backup(struct download **ret, size_t *count, struct arena *a, struct db *db,
    int64_t backup, struct err *e)
{
	static const char sql[] = DOWNLOAD_COLUMNS " WHERE d.backup=?1 ORDER BY d.id DESC LIMIT 20";

	return list(ret, count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(backup)), sizeof **ret, read_download },
	    e);
}

/* -- changes of a person -- */

/* The download, or ERR_CONFLICT unless it is ready. */
static int
need_ready(struct download *d, struct arena *a, struct db *db, int64_t id, struct err *e)
{
	if (downloads_by_id(d, a, db, id, e) != 0)
		return -1;
	if (d->state == DOWNLOAD_PREPARING)
		return err_set(e, ERR_CONFLICT, "download d%" PRId64 " is still being prepared",
		    id);
	if (d->state != DOWNLOAD_READY)
		return err_set(e, ERR_CONFLICT, "download d%" PRId64 " is %s; prepare it again", id,
		    download_state_name(d->state));
	return 0;
}

int
downloads_revoke(struct db *db, int64_t id, struct err *e)
{
	static const char sql[] =
	    "UPDATE download SET state='revoked' WHERE id=?1 AND state='ready'";
	static const char sql_links[] =
	    "UPDATE link SET revoked_at=?2 WHERE download=?1 AND revoked_at=0";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct download d;

	if (sql_begin(&t, db, e) != 0 || need_ready(&d, a, db, id, e) != 0 ||
	    sql_run(NULL, db, sql, SQL_ARGS(sql_i(id)), e) != 0 ||
	    sql_run(NULL, db, sql_links, SQL_ARGS(sql_i(id), sql_i(clock_now())), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
downloads_mail_again(int64_t *ret, struct db *db, const struct job_request *rq, int64_t download,
    struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct download d;
	int64_t job;

	if (sql_begin(&t, db, e) != 0 || enqueue_known(&job, db, rq->key, JOB_DOWNLOAD, e) != 0)
		return -1;
	if (job == 0 &&
	    (need_ready(&d, a, db, download, e) != 0 ||
	        enqueue_add(&job, db, rq,
	            &(struct enqueue_work){ .kind = JOB_DOWNLOAD, .backup = d.backup,
	                .download = download },
	            e) != 0))
		return -1;
	if (sql_commit(&t, e) != 0)
		return -1;
	*ret = job;
	return 0;
}

/* -- the worker's side -- */

static int
held_download(int64_t *ret, struct db *db, const struct lease *l, struct err *e)
{
	struct lease_work work;

	if (lease_check(&work, db, l, e) != 0)
		return -1;
	if (work.kind != JOB_DOWNLOAD || work.download == 0)
		return err_set(e, ERR_INTERNAL, "job j%" PRId64 " prepares no download", l->job);
	*ret = work.download;
	return 0;
}

int
downloads_file_ready(struct db *db, const struct lease *l, const struct download_file *file,
    struct err *e)
{
	static const char sql[] =
	    "UPDATE download_file SET path=?3, bytes=?4, sha256=?5 WHERE id=?1 AND download=?2 AND"
	    " EXISTS (SELECT 1 FROM download d WHERE d.id=?2 AND d.state='preparing')";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t download, changes;

	if (sql_begin(&t, db, e) != 0 || held_download(&download, db, l, e) != 0 ||
	    sql_run(&changes, db, sql,
	        SQL_ARGS(sql_i(file->id), sql_i(download), sql_t(file->path), sql_i(file->bytes),
	            sql_t(file->sha256)),
	        e) != 0)
		return -1;
	if (changes != 1)
		return err_set(e, ERR_INTERNAL,
		    "file %" PRId64 " is not one that job j%" PRId64 " prepares", file->id, l->job);
	return sql_commit(&t, e);
}

int
downloads_finish(struct db *db, const struct lease *l, struct err *e)
{
	static const char sql_missing[] =
	    "SELECT count(*) FROM download_file WHERE download=?1 AND path=''";
	static const char sql_ready[] =
	    "UPDATE download SET state='ready', ready_at=?2, expires_at=?2+valid_ms, error=NULL,"
	    " bytes=(SELECT sum(f.bytes) FROM download_file f WHERE f.download=?1) WHERE id=?1 AND"
	    " state='preparing'";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t download, missing;

	if (sql_begin(&t, db, e) != 0 || held_download(&download, db, l, e) != 0 ||
	    sql_get(&missing, db, sql_missing, SQL_ARGS(sql_i(download)), e) != 0)
		return -1;
	if (missing > 0)
		return err_set(e, ERR_INTERNAL,
		    "download d%" PRId64 " has %" PRId64 " files that are not prepared", download,
		    missing);
	/* One that was ready before was only mailed again: it keeps its time. */
	if (sql_run(NULL, db, sql_ready, SQL_ARGS(sql_i(download), sql_i(clock_now())), e) != 0 ||
	    lease_end(db, l->job, &(struct lease_end){ JOB_SUCCEEDED, NULL, 0, 0 }, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
downloads_next_removal(int64_t *ret, struct db *db, int64_t after, struct err *e)
{
	static const char sql_late[] =
	    "SELECT count(*) FROM download WHERE removed_at=0 AND state='ready' AND expires_at<=?1";
	static const char sql_expire[] =
	    "UPDATE download SET state='expired' WHERE removed_at=0 AND state='ready' AND"
	    " expires_at<=?1";
	static const char sql_next[] = "SELECT id FROM download WHERE removed_at=0"
	    " AND state IN ('expired', 'revoked', 'failed') AND id>?1 ORDER BY id LIMIT 1";
	int64_t now = clock_now(), late;

	if (sql_get(&late, db, sql_late, SQL_ARGS(sql_i(now)), e) != 0)
		return -1;
	if (late > 0 && sql_run(NULL, db, sql_expire, SQL_ARGS(sql_i(now)), e) != 0)
		return -1;
	return sql_get(ret, db, sql_next, SQL_ARGS(sql_i(after)), e);
}

int
downloads_set_removed(struct db *db, int64_t id, struct err *e)
{
	static const char sql[] = "UPDATE download SET removed_at=?2 WHERE id=?1 AND removed_at=0"
	    " AND state IN ('expired', 'revoked', 'failed')";
	int64_t changes;

	if (sql_run(&changes, db, sql, SQL_ARGS(sql_i(id), sql_i(clock_now())), e) != 0)
		return -1;
	return changes == 1
	    ? 0
	    : err_set(e, ERR_CONFLICT, "the files of download d%" PRId64 " are still needed", id);
}

int
downloads_needs_folder(bool *ret, struct db *db, const char *uuid, struct err *e)
{
	static const char sql[] = "SELECT EXISTS (SELECT 1 FROM download WHERE uuid=?1 AND state IN"
	    " ('preparing', 'ready'))";
	int64_t found;

	if (sql_get(&found, db, sql, SQL_ARGS(sql_t(uuid)), e) != 0)
		return -1;
	*ret = found != 0;
	return 0;
}
