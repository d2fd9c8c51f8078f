/* channels.c: where notices go: of an environment, a project, or the instance. */
#include "lib/store/channels.h"

#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/store/channel_row.h"
#include "lib/store/row.h"
#include "lib/store/sql.h"

static const char no_channel[] = "There is no such channel.";
static const int64_t ask_ms = CHANNELS_ASK_DAYS * INT64_C(86400000);

/* -- reading -- */

#define COLUMNS \
	"c.id, c.uuid, c.project, c.environment, c.kind, c.name, c.target, c.sealed, c.enabled," \
	" c.confirmed_at, c.asked_at, c.revision, c.created_at"
#define CHANNEL_COLUMNS "SELECT " COLUMNS " FROM channel c"

static int
read_columns(struct channel *ch, struct sql *q, struct arena *a)
{
	int c = 0;

	ch->id = sql_int(q, c++);
	ch->uuid = sql_text(q, c++, a);
	ch->project = sql_int(q, c++);
	ch->environment = sql_int(q, c++);
	/* The CHECK of the table knows the same words. */
	if (!notice_kind_parse(&ch->kind, sql_text(q, c++, a)))
		ch->kind = CHANNEL_KINDS;
	ch->name = sql_text(q, c++, a);
	ch->target = sql_text(q, c++, a);
	ch->sealed = sql_blob(&ch->sealed_size, q, c++, a);
	ch->sealed_for = NULL;
	ch->enabled = sql_int(q, c++) != 0;
	ch->confirmed_at = sql_int(q, c++);
	ch->asked_at = sql_int(q, c++);
	ch->revision = sql_int(q, c++);
	ch->created_at = sql_int(q, c++);
	return c;
}

static void
read_channel(void *row, struct sql *q, struct arena *a)
{
	(void)read_columns(row, q, a);
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
	    no_channel, e);
}

int
channels_list(struct channel **ret, size_t *count, struct arena *a, struct db *db,
    const struct policy_place *at, struct err *e)
{
	static const char sql[] =
	    CHANNEL_COLUMNS " WHERE c.removed_at=0 AND " CHANNEL_AT("?1", "?2") " ORDER BY c.id";

	return list(ret, count,
	    &(struct sql_query){ db, a, sql,
	        SQL_ARGS(sql_t(policy_level_name(at->level)), sql_i(at->owner)), sizeof **ret,
	        read_channel },
	    e);
}

int
channels_listening(struct channel **ret, size_t *count, struct arena *a, struct db *db,
    int64_t environment, struct err *e)
{
	static const char sql[] =
	    CHANNEL_COLUMNS " LEFT JOIN environment v ON v.id=?1 WHERE c.removed_at=0 AND"
	                    " c.enabled=1 AND (c.kind<>'mail' OR c.confirmed_at>0) AND (c.project"
	                    " IS NULL OR (c.project=v.project AND c.environment IS NULL) OR"
	                    " c.environment=v.id) AND coalesce((SELECT h.told FROM channel_here h"
	                    " WHERE h.channel=c.id AND h.level='environment' AND h.owner=v.id),"
	                    " (SELECT h.told FROM channel_here h WHERE h.channel=c.id AND"
	                    " h.level='project' AND h.owner=v.project), 1)=1 ORDER BY c.id";

	return list(ret, count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(environment)), sizeof **ret,
	        read_channel },
	    e);
}

int
channels_told(struct channel **ret, size_t *count, struct arena *a, struct db *db,
    const char *source, struct err *e)
{
	static const char sql[] =
	    CHANNEL_COLUMNS " JOIN delivery d ON d.channel=c.id AND d.source=?1 WHERE"
	                    " c.removed_at=0 AND c.enabled=1 AND (c.kind<>'mail' OR"
	                    " c.confirmed_at>0) ORDER BY c.id";

	return list(ret, count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_t(source)), sizeof **ret,
	        read_channel },
	    e);
}

int
channels_alarmed(struct channel **ret, size_t *count, struct arena *a, struct db *db,
    int64_t environment, struct err *e)
{
	static const char sql[] =
	    CHANNEL_COLUMNS " WHERE c.removed_at=0 AND c.enabled=1 AND c.kind='healthchecks' AND"
	                    " (SELECT d.event FROM delivery d WHERE d.channel=c.id AND"
	                    " d.environment=?1 AND d.event IN ('backup-failed', 'backup-ready')"
	                    " ORDER BY d.id DESC LIMIT 1)='backup-failed' ORDER BY c.id";

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
	    "INSERT INTO channel (uuid, project, environment, kind, name, target, sealed,"
	    " created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING id";
	CLEANUP_TXN struct sql_txn t = { NULL };
	char uuid[UUID_SIZE];
	int64_t id;

	rand_uuid(uuid);
	if (sql_begin(&t, db, e) != 0 ||
	    row_sealed(&t, db, c->sealed_for, e) != 0 ||
	    sql_get(&id, db, sql,
	        SQL_ARGS(sql_t(uuid), sql_id(c->project), sql_id(c->environment),
	            sql_t(notice_kind_name(c->kind)), sql_t(c->name), sql_t(c->target),
	            sql_b(c->sealed, c->sealed_size), sql_i(clock_now())),
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
	    row_sealed(&t, db, c->sealed_for, e) != 0 ||
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
	static const char sql_unsay[] = "DELETE FROM channel_here WHERE channel=?1";
	CLEANUP_TXN struct sql_txn t = { NULL };

	if (sql_begin(&t, db, e) != 0 ||
	    sql_run(NULL, db, sql, SQL_ARGS(sql_i(id), sql_i(clock_now())), e) != 0 ||
	    sql_run(NULL, db, sql_unsay, SQL_ARGS(sql_i(id)), e) != 0 ||
	    sql_run(NULL, db, sql_give_up, SQL_ARGS(sql_i(id)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

/* -- what a level says of channels from above -- */

static enum channel_say
say_of(int64_t told)
{
	return told < 0 ? CHANNEL_UNSAID : told > 0 ? CHANNEL_TOLD : CHANNEL_NOT_HERE;
}

static void
read_above(void *row, struct sql *q, struct arena *a)
{
	struct channel_above *up = row;
	int c = read_columns(&up->channel, q, a);
	enum channel_say between;

	up->own = say_of(sql_int(q, c++));
	between = say_of(sql_int(q, c++));
	up->from = up->channel.project != 0 ? LEVEL_PROJECT : LEVEL_INSTANCE;
	up->inherited = between == CHANNEL_UNSAID ? CHANNEL_TOLD : between;
	up->said = between == CHANNEL_UNSAID ? up->from : LEVEL_PROJECT;
}

/* Of a level ?1 and its owner ?2: the channels above it. */
#define ABOVE \
	" FROM channel c LEFT JOIN environment v ON ?1='environment' AND v.id=?2 WHERE" \
	" c.removed_at=0 AND c.environment IS NULL AND ((c.project IS NULL AND ?1<>'instance')" \
	" OR c.project=v.project)"

int
channels_above(struct channel_above **ret, size_t *count, struct arena *a, struct db *db,
    const struct policy_place *at, struct err *e)
{
	static const char sql[] =
	    "SELECT " COLUMNS ", coalesce((SELECT h.told FROM channel_here h WHERE h.channel=c.id"
	    " AND h.level=?1 AND h.owner=?2), -1), coalesce((SELECT h.told FROM channel_here h"
	    " WHERE h.channel=c.id AND h.level='project' AND h.owner=v.project), -1)" ABOVE
	    " ORDER BY c.project IS NOT NULL, c.id";
	struct channel_above *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql,
	        SQL_ARGS(sql_t(policy_level_name(at->level)), sql_i(at->owner)), sizeof **ret,
	        read_above },
	    e);

	if (rows == NULL)
		return -1;
	for (size_t i = 0; i < *count; i++)
		if (read_events(&rows[i].channel, a, db, e) != 0)
			return -1;
	*ret = rows;
	return 0;
}

int
channels_say(bool *changed, struct db *db, const struct policy_place *at,
    const struct channel_saying *what, struct err *e)
{
	static const char sql_above[] = "SELECT count(*)" ABOVE " AND c.id=?3";
	static const char sql_said[] =
	    "SELECT coalesce((SELECT told FROM channel_here WHERE channel=?3 AND level=?1 AND"
	    " owner=?2), -1)";
	static const char sql_unsay[] =
	    "DELETE FROM channel_here WHERE channel=?3 AND level=?1 AND owner=?2";
	static const char sql_say[] =
	    "INSERT INTO channel_here (channel, level, owner, told, set_by, set_at) VALUES (?3, ?1,"
	    " ?2, ?4, ?5, ?6)";
	const struct sql_arg level = sql_t(policy_level_name(at->level));
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t there, told;

	if (sql_begin(&t, db, e) != 0 ||
	    sql_get(&there, db, sql_above,
	        SQL_ARGS(level, sql_i(at->owner), sql_i(what->channel)), e) != 0 ||
	    sql_get(&told, db, sql_said,
	        SQL_ARGS(level, sql_i(at->owner), sql_i(what->channel)), e) != 0)
		return -1;
	if (there == 0)
		return err_set(e, ERR_NOT_FOUND, "%s", no_channel);
	if (changed != NULL)
		*changed = say_of(told) != what->say;
	if (say_of(told) == what->say)
		return 0;
	if (sql_run(NULL, db, sql_unsay,
	        SQL_ARGS(level, sql_i(at->owner), sql_i(what->channel)), e) != 0 ||
	    (what->say != CHANNEL_UNSAID &&
	        sql_run(NULL, db, sql_say,
	            SQL_ARGS(level, sql_i(at->owner), sql_i(what->channel),
	                sql_i(what->say == CHANNEL_TOLD), sql_id(what->by), sql_i(clock_now())),
	            e) != 0))
		return -1;
	return sql_commit(&t, e);
}

static void
read_off(void *row, struct sql *q, struct arena *a)
{
	struct channel_off *off = row;

	off->channel = sql_int(q, 0);
	off->place = sql_text(q, 1, a);
	off->path = arena_printf(a, "/p/%s", off->place);
	off->told = sql_int(q, 2) != 0;
	off->since = sql_int(q, 3);
	off->by = sql_text(q, 4, a);
}

int
channels_off_below(struct channel_off **ret, size_t *count, struct arena *a, struct db *db,
    const struct policy_place *at, int64_t channel, struct err *e)
{
	static const char sql[] =
	    "SELECT h.channel, p.slug||coalesce('/'||v.slug, '') AS place, h.told, h.set_at,"
	    " coalesce(u.email, '') FROM channel_here h JOIN channel c ON c.id=h.channel AND"
	    " c.removed_at=0 LEFT JOIN environment v ON h.level='environment' AND v.id=h.owner"
	    " JOIN project p ON p.id=coalesce(v.project, h.owner) LEFT JOIN account u ON"
	    " u.id=h.set_by WHERE " CHANNEL_AT("?1", "?2") " AND (?3=0 OR c.id=?3) AND (h.told=0"
	    " OR EXISTS (SELECT 1 FROM channel_here x WHERE x.channel=c.id AND x.level='project'"
	    " AND x.owner=v.project AND x.told=0)) ORDER BY h.channel, place";
	struct channel_off *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql,
	        SQL_ARGS(sql_t(policy_level_name(at->level)), sql_i(at->owner), sql_i(channel)),
	        sizeof **ret, read_off },
	    e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
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
