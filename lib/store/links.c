/* links.c: a recipient's key to a download, and what was delivered through it. */
#include "lib/store/downloads.h"

#include <inttypes.h>

#include "lib/base/clock.h"
#include "lib/store/sql.h"

static void
read_link(void *row, struct sql *q, struct arena *a)
{
	struct link *l = row;

	l->id = sql_int(q, 0);
	l->download = sql_int(q, 1);
	l->recipient = sql_text(q, 2, a);
	l->created_at = sql_int(q, 3);
	l->expires_at = sql_int(q, 4);
	l->revoked_at = sql_int(q, 5);
	l->max_uses = sql_int(q, 6);
}

int
links_find(struct link *ret, struct download *download, struct arena *a, struct db *db,
    const char *token_hash, struct err *e)
{
	static const char sql[] =
	    "SELECT id, download, recipient, created_at, expires_at, revoked_at, max_uses FROM"
	    " link WHERE token_hash=?1";
	int rc = sql_first(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_t(token_hash)), sizeof *ret, read_link },
	    e);

	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "there is no such link");
	if (downloads_by_id(download, a, db, ret->download, e) != 0)
		return -1;
	if (ret->revoked_at != 0 || download->state == DOWNLOAD_REVOKED)
		return err_set(e, ERR_GONE, "this link was revoked");
	if (ret->expires_at <= clock_now() || download->state != DOWNLOAD_READY)
		return err_set(e, ERR_GONE, "this link has expired");
	return 0;
}

int
links_add(struct link *link, struct db *db, const char *token_hash, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO link (download, token_hash, recipient, created_at, expires_at, max_uses)"
	    " SELECT id, ?2, ?3, ?4, CASE WHEN ?5>0 THEN ?5 WHEN expires_at>0 THEN expires_at ELSE"
	    " ?4+valid_ms END, CASE WHEN ?6>0 THEN ?6 ELSE max_uses END FROM download WHERE id=?1"
	    " RETURNING id";
	int64_t now = clock_now(), id;

	if (sql_get(&id, db, sql,
	        SQL_ARGS(sql_i(link->download), sql_t(token_hash), sql_t(link->recipient),
	            sql_i(now), sql_i(link->expires_at), sql_i(link->max_uses)),
	        e) != 0)
		return -1;
	if (id == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no download d%" PRId64, link->download);
	link->id = id;
	link->created_at = now;
	return 0;
}

int
links_state(struct link_state *ret, struct db *db, int64_t link, int64_t file, struct err *e)
{
	static const char sql[] =
	    "SELECT uses, bytes, first_at FROM link_use WHERE link=?1 AND file=?2";
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	if (sql_open(&q, db, sql, SQL_ARGS(sql_i(link), sql_i(file)), e) != 0 ||
	    (rc = sql_row(q, e)) < 0)
		return -1;
	*ret = rc == 1 ? (struct link_state){ sql_int(q, 0), sql_int(q, 1), sql_int(q, 2) }
	    : (struct link_state){ 0, 0, 0 };
	return 0;
}

/* The size of a file of this link's download; -1 when there is no such file. */
static int
file_size(int64_t *ret, struct db *db, const struct delivery *d, struct err *e)
{
	static const char sql[] =
	    "SELECT f.bytes+1 FROM download_file f JOIN link l ON l.download=f.download WHERE"
	    " l.id=?1 AND f.id=?2";

	if (sql_get(ret, db, sql, SQL_ARGS(sql_i(d->link), sql_i(d->file)), e) != 0)
		return -1;
	--*ret;
	return 0;
}

int
links_delivered(bool *first, struct db *db, const struct delivery *d, struct err *e)
{
	static const char sql_begun[] = "SELECT count(*) FROM link_use WHERE link=?1";
	static const char sql_add[] =
	    "INSERT INTO link_use (link, file, uses, bytes, first_at, last_at, address) VALUES"
	    " (?1, ?2, ?3, ?4, ?5, ?5, ?6) ON CONFLICT (link, file) DO UPDATE SET"
	    " uses=excluded.uses, bytes=excluded.bytes, last_at=excluded.last_at,"
	    " address=excluded.address";
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct link_state state;
	int64_t size, begun, bytes;

	if (sql_begin(&t, db, e) != 0 || file_size(&size, db, d, e) != 0)
		return -1;
	if (size < 0)
		return err_set(e, ERR_NOT_FOUND, "no link %" PRId64 " with a file %" PRId64,
		    d->link, d->file);
	if (d->bytes <= 0 && size > 0) {
		*first = false;
		return 0;
	}
	if (sql_get(&begun, db, sql_begun, SQL_ARGS(sql_i(d->link)), e) != 0 ||
	    links_state(&state, db, d->link, d->file, e) != 0)
		return -1;
	/* One answer is at most the whole file: whatever is said to be more is one use. */
	bytes = d->bytes < size ? d->bytes : size;
	state.bytes += bytes;
	state.uses += size == 0 ? 1 : state.bytes / size;
	state.bytes = size == 0 ? 0 : state.bytes % size;
	if (sql_run(NULL, db, sql_add,
	        SQL_ARGS(sql_i(d->link), sql_i(d->file), sql_i(state.uses), sql_i(state.bytes),
	            sql_i(clock_now()), sql_t(d->address)),
	        e) != 0 ||
	    sql_commit(&t, e) != 0)
		return -1;
	*first = begun == 0;
	return 0;
}
