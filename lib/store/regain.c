/* regain.c: the rows of backups made again from what their sidecars say. */
#include "lib/store/regain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/store/days.h"
#include "lib/store/events.h"
#include "lib/store/packs.h"
#include "lib/store/projects.h"
#include "lib/store/regain_place.h"
#include "lib/store/settings.h"
#include "lib/store/sql.h"

#define STAYS_MS (REGAIN_STAYS_DAYS * INT64_C(86400000))

void
regain_tell(struct regain_texts *to, struct arena *a, const char *fmt, ...)
{
	va_list ap;

	to->items = arena_grow(a, to->items, to->count, &to->capacity, sizeof *to->items);
	va_start(ap, fmt);
	to->items[to->count++] = arena_vprintf(a, fmt, ap);
	va_end(ap);
}

int
regain_may_adopt(struct db *db, struct err *e)
{
	int64_t count;

	if (sql_get(&count, db, "SELECT count(*) FROM backup", SQL_NO_ARGS, e) != 0)
		return -1;
	return count == 0 ? 0 : err_set(e, ERR_CONFLICT,
	    "this catalogue has backups of its own, so it cannot become the instance of that"
	    " storage: rebuild into a new one (lazarette admin init with another LAZARETTE_HOME)");
}

/* -- what is there already -- */

struct known {
	const char *state, *sha256;
	int64_t storage;
};

static void
read_known(void *row, struct sql *q, struct arena *a)
{
	struct known *k = row;

	k->state = sql_text(q, 0, a);
	k->storage = sql_int(q, 1);
	k->sha256 = sql_text(q, 2, a);
}

/* How the row that is there differs from what lies in the storage; NULL: it does not. */
static const char *
difference(const struct known *k, const struct regain_backup *b)
{
	if (strcmp(k->state, "building") == 0)
		return NULL;
	if (strcmp(k->state, "deleted") == 0)
		return "it was deleted here, and its description is still there";
	if (strcmp(k->state, "failed") == 0)
		return "it has failed here, and the storage has it whole";
	return strcmp(k->sha256, b->row.sidecar_sha256) != 0
	    ? "its description is not the one that is known here" : NULL;
}

/* Why it cannot be added; NULL: it can. */
static int
obstacle(const char **ret, struct regain *r, struct db *db, const struct regain_backup *b,
    struct err *e)
{
	static const char sql_number[] = "SELECT id FROM backup WHERE id=?1";
	static const char sql_part[] = "SELECT backup FROM part WHERE uuid=?1 OR data_key=?2";
	static const char sql_service[] = "SELECT s.environment<>v.id FROM service s LEFT JOIN"
	    " environment v ON v.uuid=?2 WHERE s.uuid=?1";
	int64_t found;

	*ret = NULL;
	if (sql_get(&found, db, sql_number, SQL_ARGS(sql_i(b->row.id)), e) != 0)
		return -1;
	if (found != 0)
		*ret = "its number belongs to another backup here; lazarette admin restore reads it"
		       " by its UUID";
	for (size_t i = 0; i < b->part_count && *ret == NULL; i++) {
		if (sql_get(&found, db, sql_part,
		        SQL_ARGS(sql_t(b->parts[i].uuid), sql_t(b->parts[i].data.key)), e) != 0)
			return -1;
		if (found != 0)
			*ret = arena_printf(r->arena, "its %s belongs to b%" PRId64,
			    b->parts[i].service_slug, found);
		else if (sql_get(&found, db, sql_service,
		             SQL_ARGS(sql_t(b->services[i].uuid), sql_t(b->environment_uuid)),
		             e) != 0)
			return -1;
		else if (found != 0)
			*ret = arena_printf(r->arena,
			    "its service %s is one of another environment here",
			    b->parts[i].service_slug);
	}
	return 0;
}

/* -- what is added -- */

static int
add_tables(struct db *db, int64_t part, const struct regain_service *s, struct err *e)
{
	static const char sql[] = "INSERT INTO part_table (part, name, rows) VALUES (?1, ?2, ?3)"
	                          " ON CONFLICT DO NOTHING";

	for (size_t i = 0; i < s->table_count; i++)
		if (sql_run(NULL, db, sql,
		        SQL_ARGS(sql_i(part), sql_t(s->tables[i].name), sql_i(s->tables[i].rows)),
		        e) != 0)
			return -1;
	return 0;
}

static int
add_part(struct db *db, const struct regain_backup *b, size_t i, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO part (uuid, backup, service, service_slug, service_name, engine, state,"
	    " format, engine_version, tool, data_key, data_raw_bytes, data_stored_bytes,"
	    " data_raw_sha256, data_stored_sha256, manifest_key, manifest_raw_bytes,"
	    " manifest_stored_bytes, manifest_raw_sha256, manifest_stored_sha256, items, warnings,"
	    " taken_at, finished_at, whole_bytes, data_front_sha256) VALUES (?1, ?2, (SELECT id"
	    " FROM service WHERE uuid=?3), ?4, ?5, ?6, 'ready', ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
	    " ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25) RETURNING id";
	const struct part *p = &b->parts[i];
	const struct stored_object *d = &p->data, *m = &p->manifest;
	struct part added = *p;

	if (sql_get(&added.id, db, sql,
	        SQL_ARGS(sql_t(p->uuid), sql_i(b->row.id), sql_t(b->services[i].uuid),
	            sql_t(p->service_slug), sql_t(p->service_name), sql_t(p->engine),
	            sql_t(p->format), sql_t(p->engine_version), sql_t(p->tool), sql_t(d->key),
	            sql_i(d->raw_bytes), sql_i(d->stored_bytes), sql_t(d->raw_sha256),
	            sql_t(d->stored_sha256), sql_t(m->key), sql_i(m->raw_bytes),
	            sql_i(m->stored_bytes), sql_t(m->raw_sha256), sql_t(m->stored_sha256),
	            sql_i(p->items), sql_i(p->warnings), sql_i(p->taken_at),
	            sql_i(p->finished_at), sql_i(backup_part_bytes(p)),
	            sql_t(backup_front(d))), e) != 0)
		return -1;
	return packs_put(db, &added, e) != 0 ? -1 : add_tables(db, added.id, &b->services[i], e);
}

/* What a catalogue sums up of the parts. */
static struct backup
sum_up(const struct regain *r, const struct regain_backup *b)
{
	CLEANUP_BUF struct buf contents = BUF_INIT;
	struct backup row = b->row;

	row.finished_at = row.started_at > 0 ? row.started_at : row.created_at;
	for (size_t i = 0; i < b->part_count; i++) {
		const struct part *p = &b->parts[i];

		buf_printf(&contents, "%s%s", i > 0 ? ", " : "", p->service_slug);
		row.raw_bytes += backup_part_bytes(p);
		row.stored_bytes += backup_own_stored(p) + p->manifest.stored_bytes;
		row.warnings += p->warnings;
		if (p->finished_at > row.finished_at)
			row.finished_at = p->finished_at;
	}
	row.contents = arena_dup(r->arena, contents.p);
	return row;
}

static int
add_row(struct regain *r, struct db *db, const struct backup *b, const char *environment,
    struct err *e)
{
	static const char sql[] =
	    "INSERT INTO backup (id, uuid, environment, storage, kind, state, health, note,"
	    " created_at, started_at, finished_at, verified_at, raw_bytes, stored_bytes, warnings,"
	    " contents, sidecar_key, sidecar_sha256, mode, frozen_ms, code, recipients, signed_by,"
	    " keep_until, rebuilt_at, requested_by, asked_by) VALUES (?1, ?2, (SELECT id FROM"
	    " environment WHERE uuid=?3), ?4, ?5, 'ready', ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
	    " ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25,"
	    " iif(?25 IS NULL, ?26, ''))";
	static const char sql_account[] = "SELECT id FROM account WHERE email=?1";
	bool person = strcmp(b->requested_name, "system") != 0;
	int64_t now = clock_now(), account = 0;

	if (person &&
	    sql_get(&account, db, sql_account, SQL_ARGS(sql_t(b->requested_name)), e) != 0)
		return -1;
	/* Nobody has read it yet: the next verification does. */
	return sql_run(NULL, db, sql,
	    SQL_ARGS(sql_i(b->id), sql_t(b->uuid), sql_t(environment), sql_i(r->storage.id),
	        sql_t(backup_kind_name(b->kind)), sql_t(backup_health_name(b->health)),
	        sql_t(b->note), sql_i(b->created_at), sql_i(b->started_at), sql_i(b->finished_at),
	        sql_i(b->health == HEALTH_UNKNOWN ? 0 : now), sql_i(b->raw_bytes),
	        sql_i(b->stored_bytes), sql_i(b->warnings), sql_t(b->contents),
	        sql_t(b->sidecar_key), sql_t(b->sidecar_sha256), sql_t(backup_mode_name(b->mode)),
	        sql_i(b->frozen_ms), sql_t(b->code), sql_t(b->recipients), sql_t(b->signed_by),
	        sql_i(now + STAYS_MS), sql_i(now), sql_id(account),
	        sql_t(person ? b->requested_name : "")), e);
}

static int
add_backup(struct regain *r, struct db *db, const struct regain_backup *b, struct err *e)
{
	static const char sql_environment[] = "SELECT environment FROM backup WHERE id=?1";
	const struct backup row = sum_up(r, b);
	struct day_note day = { .at = row.finished_at, .good = 1, .raw_bytes = row.raw_bytes };

	if (add_row(r, db, &row, b->environment_uuid, e) != 0 ||
	    sql_get(&day.environment, db, sql_environment, SQL_ARGS(sql_i(row.id)), e) != 0 ||
	    days_add(db, &day, e) != 0)
		return -1;
	for (size_t i = 0; i < b->part_count; i++)
		if (add_part(db, b, i, e) != 0)
			return -1;
	for (size_t i = 0; i < b->finding_count; i++)
		if (findings_put(db, r->storage.id, &b->findings[i], e) != 0)
			return -1;
	return 0;
}

/* It lies in another storage first: here is a copy of it. Nobody has read that yet. */
static int
add_copy(struct regain *r, struct db *db, const struct regain_backup *b, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO copy (backup, storage, state, health, stored_bytes, created_at,"
	    " finished_at) SELECT id, ?2, 'ready', ?3, stored_bytes, created_at, finished_at FROM"
	    " backup WHERE uuid=?1 AND state IN ('ready', 'trashed') ON CONFLICT (backup, storage)"
	    " DO NOTHING";

	return sql_run(NULL, db, sql,
	    SQL_ARGS(sql_t(b->row.uuid), sql_i(r->storage.id),
	        sql_t(backup_health_name(b->row.health))), e);
}

/* -- the whole -- */

static int
settle(struct regain *r, struct db *db, struct regain_backup *b, struct err *e)
{
	static const char sql[] = "SELECT state, storage, sidecar_sha256 FROM backup WHERE uuid=?1";
	struct known known;
	int there = sql_first(&known,
	    &(struct sql_query){ db, r->arena, sql, SQL_ARGS(sql_t(b->row.uuid)), sizeof known,
	        read_known }, e);

	if (there < 0)
		return -1;
	if (there > 0) {
		b->why = difference(&known, b);
		b->fate = b->why != NULL ? REGAIN_DIFFERS : REGAIN_THERE;
		return b->why == NULL && known.storage != r->storage.id
		    ? add_copy(r, db, b, e) : 0;
	}
	if (obstacle(&b->why, r, db, b, e) != 0)
		return -1;
	b->fate = b->why != NULL ? REGAIN_REFUSED : REGAIN_TAKEN;
	return b->fate == REGAIN_TAKEN ? add_backup(r, db, b, e) : 0;
}

static int
note(struct regain *r, struct db *db, struct err *e)
{
	size_t taken = 0;

	for (size_t i = 0; i < r->count; i++)
		taken += r->backups[i].fate == REGAIN_TAKEN;
	if (taken == 0)
		return 0;
	return events_add(db, &(struct event){ .at = clock_now(), .actor = "system",
	        .action = "storage.rebuilt", .target = r->storage.slug, .address = "",
	        .detail = arena_printf(r->arena, "%zu backup%s", taken, taken == 1 ? "" : "s") },
	    e);
}

int
regain_write(struct regain *r, struct db *db, struct err *e)
{
	CLEANUP_TXN struct sql_txn t = { NULL };

	if (sql_begin(&t, db, e) != 0)
		return -1;
	if (r->adopt != NULL && (regain_may_adopt(db, e) != 0 ||
	    settings_set(db, "instance_id", r->adopt, e) != 0))
		return -1;
	if (r->storage.id == 0 && storages_add(&r->storage, db, e) != 0)
		return -1;
	if (regain_place_all(r, db, e) != 0)
		return -1;
	for (size_t i = 0; i < r->count; i++) {
		if (settle(r, db, &r->backups[i], e) != 0)
			return err_in(e, "backup b%" PRId64, r->backups[i].row.id);
		FAULT("regain.backup");
	}
	if (r->dry)
		return 0;
	return note(r, db, e) != 0 ? -1 : sql_commit(&t, e);
}
