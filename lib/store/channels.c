/* channels.c: where notices go: of a project, or of the instance. */
#include "lib/store/channels.h"

#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/store/sql.h"

static const int64_t ask_ms = CHANNELS_ASK_DAYS * INT64_C(86400000);

/* -- reading -- */

#define CHANNEL_COLUMNS \
	"SELECT id, uuid, project, kind, name, target, sealed, enabled, confirmed_at, asked_at," \
	" revision, created_at FROM channel"

static void
read_channel(void *row, struct sql *q, struct arena *a)
{
	struct channel *ch = row;
	int c = 0;

	ch->id = sql_int(q, c++);
	ch->uuid = sql_text(q, c++, a);
	ch->project = sql_int(q, c++);
	/* The CHECK of the table knows the same words. */
	if (!notice_kind_parse(&ch->kind, sql_text(q, c++, a)))
		ch->kind = CHANNEL_KINDS;
	ch->name = sql_text(q, c++, a);
	ch->target = sql_text(q, c++, a);
	ch->sealed = sql_blob(&ch->sealed_size, q, c++, a);
	ch->enabled = sql_int(q, c++) != 0;
	ch->confirmed_at = sql_int(q, c++);
	ch->asked_at = sql_int(q, c++);
	ch->revision = sql_int(q, c++);
	ch->created_at = sql_int(q, c++);
}

static int
read_events(struct channel *ch, struct arena *a, struct db *db, struct err *e)
{
	static const char sql[] = "SELECT event FROM channel_event WHERE channel=?1";
	CLEANUP_SQL struct sql *q = NULL;
	enum notice_event event;
	int rc;

	if (sql_open(&q, db, sql, SQL_ARGS(sql_i(ch->id)), e) != 0)
		return -1;
	while ((rc = sql_row(q, e)) == 1)
		if (notice_event_parse(&event, sql_text(q, 0, a)))
			ch->events |= notice_bit(event);
	return rc;
}

static int
list(struct channel **ret, size_t *count, const struct sql_query *query, struct err *e)
{
	struct channel *rows = sql_list(count, query, e);

	if (rows == NULL)
		return -1;
	for (size_t i = 0; i < *count; i++)
		if (read_events(&rows[i], query->arena, query->db, e) != 0)
			return -1;
	*ret = rows;
	return 0;
}

static int
one(struct channel *ret, const struct sql_query *query, const char *missing, struct err *e)
{
	struct channel found = { .id = 0 };
	int rc = sql_first(&found, query, e);

	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "%s", missing);
	if (rc < 0 || read_events(&found, query->arena, query->db, e) != 0)
		return -1;
	*ret = found;
	return 0;
}

int
channels_by_id(struct channel *ret, struct arena *a, struct db *db, int64_t id, struct err *e)
{
	static const char sql[] = CHANNEL_COLUMNS " WHERE id=?1 AND removed_at=0";

	return one(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(id)), 0, read_channel },
	    "There is no such channel.", e);
}

int
channels_list(struct channel **ret, size_t *count, struct arena *a, struct db *db, int64_t project,
    struct err *e)
{
	static const char sql[] =
	    CHANNEL_COLUMNS " WHERE removed_at=0 AND coalesce(project, 0)=?1 ORDER BY id";

	return list(ret, count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(project)), sizeof **ret, read_channel },
	    e);
}

int
channels_listening(struct channel **ret, size_t *count, struct arena *a, struct db *db,
    int64_t environment, struct err *e)
{
	static const char sql[] =
	    CHANNEL_COLUMNS " WHERE removed_at=0 AND enabled=1 AND (kind<>'mail' OR"
	                    " confirmed_at>0) AND (project IS NULL OR project=(SELECT project FROM"
	                    " environment WHERE id=?1)) ORDER BY id";

	return list(ret, count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(environment)), sizeof **ret,
	        read_channel },
	    e);
}

/* -- writing -- */

static int
write_events(struct db *db, int64_t channel, notice_set events, struct err *e)
{
	static const char sql_clear[] = "DELETE FROM channel_event WHERE channel=?1";
	static const char sql_add[] = "INSERT INTO channel_event (channel, event) VALUES (?1, ?2)";

	if (sql_run(NULL, db, sql_clear, SQL_ARGS(sql_i(channel)), e) != 0)
		return -1;
	for (int i = 0; i < NOTICE_CHOICES; i++)
		if ((events & notice_bit((enum notice_event)i)) != 0 &&
		    sql_run(NULL, db, sql_add,
		        SQL_ARGS(sql_i(channel), sql_t(notice_event_name((enum notice_event)i))),
		        e) != 0)
			return -1;
	return 0;
}

/* An account's address needs no question: whoever owns it can already be mailed. Another one is
 * asked anew when it changes. */
#define KNOWN_ADDRESS \
	"EXISTS (SELECT 1 FROM account WHERE lower(email)=lower(?2) AND disabled=0)"

static int
settle_address(struct db *db, int64_t id, const char *address, struct err *e)
{
	static const char sql[] =
	    "UPDATE channel SET confirmed_at=CASE WHEN " KNOWN_ADDRESS " THEN ?3 ELSE 0 END,"
	    " confirm_hash='', asked_at=0 WHERE id=?1 AND kind='mail'";

	return sql_run(NULL, db, sql, SQL_ARGS(sql_i(id), sql_t(address), sql_i(clock_now())), e);
}

int
channels_add(struct channel *c, struct db *db, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO channel (uuid, project, kind, name, target, sealed, created_at) VALUES"
	    " (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id";
	CLEANUP_TXN struct sql_txn t = { NULL };
	char uuid[UUID_SIZE];
	int64_t id;

	rand_uuid(uuid);
	if (sql_begin(&t, db, e) != 0 ||
	    sql_get(&id, db, sql,
	        SQL_ARGS(sql_t(uuid), sql_id(c->project), sql_t(notice_kind_name(c->kind)),
	            sql_t(c->name), sql_t(c->target), sql_b(c->sealed, c->sealed_size),
	            sql_i(clock_now())),
	        e) != 0 ||
	    settle_address(db, id, c->target, e) != 0 ||
	    write_events(db, id, c->events, e) != 0 || sql_commit(&t, e) != 0)
		return -1;
	c->id = id;
	return 0;
}

int
channels_update(const struct channel *c, struct db *db, struct err *e)
{
	static const char sql_old[] =
	    "SELECT count(*) FROM channel WHERE id=?1 AND target=?2 AND kind='mail'";
	static const char sql[] =
	    "UPDATE channel SET name=?2, target=?3, sealed=coalesce(?4, sealed),"
	    " revision=revision+1 WHERE id=?1 AND revision=?5 AND removed_at=0";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t changed, same;

	if (sql_begin(&t, db, e) != 0 ||
	    sql_get(&same, db, sql_old, SQL_ARGS(sql_i(c->id), sql_t(c->target)), e) != 0 ||
	    sql_run(&changed, db, sql,
	        SQL_ARGS(sql_i(c->id), sql_t(c->name), sql_t(c->target),
	            sql_b(c->sealed, c->sealed_size), sql_i(c->revision)),
	        e) != 0)
		return -1;
	if (changed == 0)
		return err_set(e, ERR_CONFLICT, "Somebody changed this channel while you edited.");
	if ((same == 0 && settle_address(db, c->id, c->target, e) != 0) ||
	    write_events(db, c->id, c->events, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
channels_enable(struct db *db, int64_t id, bool enabled, struct err *e)
{
	static const char sql[] = "UPDATE channel SET enabled=?2, revision=revision+1 WHERE id=?1";

	return sql_run(NULL, db, sql, SQL_ARGS(sql_i(id), sql_i(enabled)), e);
}

int
channels_remove(struct db *db, int64_t id, struct err *e)
{
	static const char sql[] =
	    "UPDATE channel SET removed_at=?2, enabled=0, sealed=NULL, confirm_hash='' WHERE id=?1";
	static const char sql_give_up[] =
	    "UPDATE delivery SET state='failed', error='the channel was removed' WHERE channel=?1"
	    " AND state='queued'";
	CLEANUP_TXN struct sql_txn t = { NULL };

	if (sql_begin(&t, db, e) != 0 ||
	    sql_run(NULL, db, sql, SQL_ARGS(sql_i(id), sql_i(clock_now())), e) != 0 ||
	    sql_run(NULL, db, sql_give_up, SQL_ARGS(sql_i(id)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

/* -- confirming an address -- */

int
channels_unasked(struct channel **ret, size_t *count, struct arena *a, struct db *db,
    struct err *e)
{
	static const char sql[] =
	    CHANNEL_COLUMNS " WHERE kind='mail' AND removed_at=0 AND enabled=1 AND confirmed_at=0"
	                    " AND asked_at=0 ORDER BY id LIMIT 20";

	return list(ret, count,
	    &(struct sql_query){ db, a, sql, SQL_NO_ARGS, sizeof **ret, read_channel }, e);
}

int
channels_ask(struct db *db, int64_t id, const char *hash, const struct outbox_mail *question,
    struct err *e)
{
	static const char sql[] =
	    "UPDATE channel SET confirm_hash=?2, asked_at=?3 WHERE id=?1 AND asked_at=0 AND"
	    " confirmed_at=0 AND lower(target)=lower(?4)";
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t changed;

	if (sql_begin(&t, db, e) != 0 ||
	    sql_run(&changed, db, sql,
	        SQL_ARGS(sql_i(id), sql_t(hash), sql_i(clock_now()), sql_t(question->recipient)),
	        e) != 0)
		return -1;
	/* Asked by another worker, or it has another address by now. */
	if (changed == 0)
		return 0;
	if (outbox_add(db, question, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
channels_ask_again(bool *asked, struct db *db, int64_t id, struct err *e)
{
	/* A clock that was set back must not keep anybody waiting. */
	static const char sql[] =
	    "UPDATE channel SET confirm_hash='', asked_at=0 WHERE id=?1 AND confirmed_at=0 AND"
	    " asked_at>0 AND (asked_at<=?2-?3 OR asked_at>?2)";
	int64_t changed;

	if (sql_run(&changed, db, sql,
	        SQL_ARGS(sql_i(id), sql_i(clock_now()), sql_i(CHANNELS_ASK_AGAIN_MS)), e) != 0)
		return -1;
	*asked = changed > 0;
	return 0;
}

int
channels_by_token(struct channel *ret, struct arena *a, struct db *db, const char *hash,
    struct err *e)
{
	static const char sql[] =
	    CHANNEL_COLUMNS " WHERE confirm_hash=?1 AND confirm_hash<>'' AND removed_at=0 AND"
	                    " (asked_at>?2 OR confirmed_at>0)";

	return one(ret,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_t(hash), sql_i(clock_now() - ask_ms)), 0,
	        read_channel },
	    "There is no such link, or it is older than seven days.", e);
}

int
channels_confirm(struct db *db, const char *hash, struct err *e)
{
	static const char sql[] =
	    "UPDATE channel SET confirmed_at=?2 WHERE confirm_hash=?1 AND confirm_hash<>'' AND"
	    " confirmed_at=0";

	return sql_run(NULL, db, sql, SQL_ARGS(sql_t(hash), sql_i(clock_now())), e);
}
