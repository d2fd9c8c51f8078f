/* packs.c: which packs a part needs beside its first, and who still needs a pack. */
#include "lib/store/packs.h"

#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/model/name.h"
#include "lib/store/backups.h"
#include "lib/store/lease.h"
#include "lib/store/policies.h"
#include "lib/store/sql.h"

#define DAY_MS INT64_C(86400000)

static void
read_pack(void *row, struct sql *q, struct arena *a)
{
	struct part_pack *k = row;
	int c = 0;

	k->object.key = sql_text(q, c++, a);
	k->object.raw_bytes = sql_int(q, c++);
	k->object.stored_bytes = sql_int(q, c++);
	k->object.raw_sha256 = sql_text(q, c++, a);
	k->object.stored_sha256 = sql_text(q, c++, a);
	k->live_bytes = sql_int(q, c++);
	k->read_at = sql_int(q, c++);
	k->object.front_sha256 = sql_text(q, c++, a);
}

int
packs_list(struct part_pack **ret, size_t *count, struct arena *a, struct db *db, int64_t part,
    struct err *e)
{
	static const char sql[] =
	    "SELECT key, raw_bytes, stored_bytes, raw_sha256, stored_sha256, live_bytes, read_at,"
	    " front_sha256 FROM part_pack WHERE part=?1 ORDER BY key";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(part)), sizeof **ret, read_pack }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

static int
add_pack(struct db *db, int64_t part, const struct part_pack *k, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO part_pack (part, key, raw_bytes, stored_bytes, raw_sha256, stored_sha256,"
	    " live_bytes, read_at, front_sha256) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
	const struct stored_object *o = &k->object;

	return sql_run(NULL, db, sql,
	    SQL_ARGS(sql_i(part), sql_t(o->key), sql_i(o->raw_bytes), sql_i(o->stored_bytes),
	        sql_t(o->raw_sha256), sql_t(o->stored_sha256), sql_i(k->live_bytes),
	        sql_i(k->read_at), sql_t(backup_front(o))), e);
}

int
packs_put(struct db *db, const struct part *part, struct err *e)
{
	if (sql_run(NULL, db, "DELETE FROM part_pack WHERE part=?1", SQL_ARGS(sql_i(part->id)),
	        e) != 0)
		return -1;
	for (size_t i = 0; i < part->pack_count; i++)
		if (add_pack(db, part->id, &part->packs[i], e) != 0)
			return -1;
	return 0;
}

int
packs_begin(struct db *db, const struct lease *l, const struct part *part, const char *key,
    struct err *e)
{
	const struct part_pack none = { .object = { .key = key, .raw_sha256 = "",
		.stored_sha256 = "" } };
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct lease_work work;

	if (sql_begin(&t, db, e) != 0 || lease_check(&work, db, l, e) != 0 ||
	    add_pack(db, part->id, &none, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

/* The newest backup of this service in the storage that ours goes to, unless anything speaks
 * against it: an older one may lie in the same packs. Who can open ours must be able to open all of
 * it, and nobody else: other keys, or none, begin anew. */
static int
find_base(int64_t *ret, struct db *db, const struct part *part, struct err *e)
{
	static const char sql[] =
	    "SELECT CASE WHEN b.health IN ('good', 'unknown') AND b.test_state NOT IN ('failed',"
	    " 'differs') AND b.recipients=(SELECT recipients FROM backup WHERE id=?3) THEN b.id"
	    " ELSE 0 END FROM part p JOIN backup b ON b.id=p.backup WHERE"
	    " p.service=?1 AND p.state='ready' AND p.id<>?2 AND b.state='ready' AND"
	    " b.storage=(SELECT storage FROM backup WHERE id=?3) ORDER BY p.backup DESC LIMIT 1";

	return sql_get(ret, db, sql,
	    SQL_ARGS(sql_i(part->service), sql_i(part->id), sql_i(part->backup)), e);
}

/* Whether somebody wants everything stored anew: for this backup, or after so many days. */
static int
is_full_due(bool *ret, struct db *db, const struct part *part, struct err *e)
{
	static const char sql_anew[] = "SELECT anew FROM backup WHERE id=?1";
	static const char sql_environment[] = "SELECT environment FROM backup WHERE id=?1";
	static const char sql_last[] =
	    "SELECT max(p.taken_at) FROM part p JOIN backup b ON b.id=p.backup WHERE p.service=?1"
	    " AND p.state='ready' AND p.whole_bytes<=p.data_raw_bytes+"
	    PACKS_OWN("k.raw_bytes-1024") " AND b.storage=(SELECT storage FROM backup WHERE id=?2)";
	int64_t anew, environment, days, last;

	if (sql_get(&anew, db, sql_anew, SQL_ARGS(sql_i(part->backup)), e) != 0 ||
	    sql_get(&environment, db, sql_environment, SQL_ARGS(sql_i(part->backup)), e) != 0 ||
	    policies_number(&days, db, POLICY_FULL_DAYS, environment, e) != 0 ||
	    sql_get(&last, db, sql_last, SQL_ARGS(sql_i(part->service), sql_i(part->backup)),
	        e) != 0)
		return -1;
	*ret = anew != 0 || (days > 0 && last <= clock_now() - days * DAY_MS + DAY_MS / 2);
	return 0;
}

static struct part
with_packs(const struct part *base, int64_t id, struct arena *a)
{
	struct part held = { .id = id, .pack_count = base->pack_count + 1 };

	held.packs = arena_array(a, held.pack_count, sizeof *held.packs);
	for (size_t i = 0; i < base->pack_count; i++)
		held.packs[i] = base->packs[i];
	held.packs[base->pack_count] = (struct part_pack){ .object = base->data,
		.read_at = base->verified_at };
	return held;
}

int
packs_hold_base(struct part *ret, struct arena *a, struct db *db, const struct lease *l,
    const struct part *part, struct err *e)
{
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct lease_work work;
	struct part *parts, none = { .id = 0 }, held;
	const struct part *base = &none;
	int64_t backup = 0;
	size_t count;
	bool full;

	if (sql_begin(&t, db, e) != 0 || lease_check(&work, db, l, e) != 0 ||
	    is_full_due(&full, db, part, e) != 0 ||
	    (!full && find_base(&backup, db, part, e) != 0))
		return -1;
	if (backup != 0 && backups_parts(&parts, &count, a, db, backup, e) != 0)
		return -1;
	for (size_t i = 0; backup != 0 && i < count; i++)
		if (parts[i].service == part->service && parts[i].manifest.key[0] != '\0')
			base = &parts[i];
	held = base->id != 0 ? with_packs(base, part->id, a) : (struct part){ .id = part->id };
	if (packs_put(db, &held, e) != 0 || sql_commit(&t, e) != 0)
		return -1;
	*ret = *base;
	return 0;
}

#define LIVES \
	"(b.state IN ('building', 'ready') OR (b.state='trashed' AND b.before_trash='ready'))"
/* It has a place in the storage ?2. */
#define LIVES_HERE \
	LIVES " AND (b.storage=?2 OR EXISTS (SELECT 1 FROM copy c WHERE c.backup=b.id AND" \
	" c.storage=?2))"

int
packs_needed(bool *ret, struct db *db, const struct pack_place *at, struct err *e)
{
	/* What is leaving needs nothing of its own any more, but others may need it here. */
	static const char sql[] =
	    "SELECT EXISTS (SELECT 1 FROM part_pack k JOIN part p ON p.id=k.part JOIN backup b ON"
	    " b.id=p.backup WHERE k.key=?1 AND b.id<>?3 AND " LIVES_HERE ") OR EXISTS (SELECT 1"
	    " FROM part p JOIN backup b ON b.id=p.backup WHERE p.data_key=?1 AND b.id<>?3 AND "
	    LIVES_HERE ")";
	int64_t found;

	if (sql_get(&found, db, sql,
	        SQL_ARGS(sql_t(at->key), sql_i(at->storage), sql_i(at->backup)), e) != 0)
		return -1;
	*ret = found != 0;
	return 0;
}

/* "…/<id>-2.tar.zst" is of the part whose first pack is "…/<id>.tar.zst". */
static const char *
first_of(struct arena *a, const char *key)
{
	const char *slash = strrchr(key, '/'), *name = slash != NULL ? slash + 1 : key;
	size_t digits;

	if (strlen(name) < UUID_SIZE || name[UUID_SIZE - 1] != '-')
		return key;
	digits = strspn(name + UUID_SIZE, "0123456789");
	return digits == 0 ? key : arena_printf(a, "%.*s%s", (int)(name + UUID_SIZE - 1 - key), key,
	    name + UUID_SIZE + digits);
}

/* A manifest has the name of its pack, but for the ending; a sidecar's begins with its number. */
int
packs_former(int64_t *ret, struct db *db, const struct pack_place *at, struct err *e)
{
	static const char sql[] =
	    "SELECT b.id FROM part p JOIN backup b ON b.id=p.backup WHERE p.data_key=?1 AND NOT ("
	    LIVES_HERE ")";
	static const char sql_sidecar[] =
	    "SELECT b.id FROM backup b WHERE b.id=?1 AND b.sidecar_key=?3 AND NOT (" LIVES_HERE ")";
	/* A manifest lies beside its pack and is encrypted as it. */
	static const char *const endings[][2] = { { ".manifest.zst", ".tar.zst" },
		{ ".manifest.zst.age", ".tar.zst.age" } };
	const char *key = at->key, *slash = strrchr(key, '/'), *name = slash ? slash + 1 : key;
	size_t n = strlen(key);
	CLEANUP_ARENA struct arena *a = arena_new();
	int64_t number;

	if (name_id_parse(&number, NAME_BACKUP, arena_dupn(a, name, strcspn(name, "-"))))
		return sql_get(ret, db, sql_sidecar,
		    SQL_ARGS(sql_i(number), sql_i(at->storage), sql_t(key)), e);
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		size_t m = strlen(endings[i][0]);

		if (n > m && strcmp(key + n - m, endings[i][0]) == 0)
			key = arena_printf(a, "%.*s%s", (int)(n - m), key, endings[i][1]);
	}
	return sql_get(ret, db, sql, SQL_ARGS(sql_t(first_of(a, key)), sql_i(at->storage)), e);
}

int
packs_read(struct db *db, const struct pack_place *at, int64_t when, struct err *e)
{
	static const char sql[] =
	    "UPDATE part_pack SET read_at=?3 WHERE key=?1 AND part IN (SELECT p.id FROM part p"
	    " JOIN backup b ON b.id=p.backup WHERE b.storage=?2)";
	static const char sql_copies[] =
	    "INSERT INTO pack_read (key, storage, read_at) SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT"
	    " 1 FROM copy WHERE storage=?2) ON CONFLICT (storage, key) DO UPDATE SET"
	    " read_at=excluded.read_at";
	const struct sql_arg *args = SQL_ARGS(sql_t(at->key), sql_i(at->storage), sql_i(when));

	return sql_run(NULL, db, sql, args, e) != 0 ? -1 : sql_run(NULL, db, sql_copies, args, e);
}

int
packs_read_at(int64_t *ret, struct db *db, const struct pack_place *at, struct err *e)
{
	return sql_get(ret, db, "SELECT read_at FROM pack_read WHERE storage=?2 AND key=?1",
	    SQL_ARGS(sql_t(at->key), sql_i(at->storage)), e);
}

int
packs_gone(struct db *db, const struct pack_place *at, struct err *e)
{
	return sql_run(NULL, db, "DELETE FROM pack_read WHERE storage=?2 AND key=?1",
	    SQL_ARGS(sql_t(at->key), sql_i(at->storage)), e);
}

int
packs_bad(struct db *db, int64_t storage, const char *key, enum backup_health health,
    struct err *e)
{
#define WHO \
	"(SELECT p.backup FROM part_pack k JOIN part p ON p.id=k.part WHERE k.key=?1 UNION SELECT" \
	" backup FROM part WHERE data_key=?1)"
	static const char sql[] =
	    "UPDATE backup SET health=?2, verified_at=?3 WHERE state IN ('building', 'ready',"
	    " 'trashed') AND health NOT IN ('missing', ?2) AND storage=?4 AND id IN " WHO;
	static const char sql_copies[] =
	    "UPDATE copy SET health=?2, verified_at=?3 WHERE state='ready' AND health NOT IN"
	    " ('missing', ?2) AND storage=?4 AND backup IN " WHO;
#undef WHO
	const struct pack_place at = { storage, 0, key };
	const struct sql_arg *args = SQL_ARGS(sql_t(key), sql_t(backup_health_name(health)),
	    sql_i(clock_now()), sql_i(storage));

	if (packs_read(db, &at, 0, e) != 0 || sql_run(NULL, db, sql, args, e) != 0)
		return -1;
	return sql_run(NULL, db, sql_copies, args, e);
}

int
packs_mended(struct db *db, int64_t storage, int64_t backup, struct err *e)
{
#define ITS \
	"(SELECT data_key FROM part WHERE backup=?2 AND data_key<>'' UNION SELECT k.key FROM" \
	" part_pack k JOIN part p ON p.id=k.part WHERE p.backup=?2)"
#define WHO \
	"(SELECT p.backup FROM part_pack k JOIN part p ON p.id=k.part WHERE k.key IN " ITS \
	" UNION SELECT backup FROM part WHERE data_key IN " ITS ")"
	static const char sql[] =
	    "UPDATE backup SET health='unknown', verified_at=0 WHERE state IN ('ready', 'trashed')"
	    " AND health IN ('damaged', 'missing') AND storage=?1 AND id<>?2 AND id IN " WHO;
	static const char sql_copies[] =
	    "UPDATE copy SET health='unknown', verified_at=0 WHERE state='ready' AND health IN"
	    " ('damaged', 'missing') AND storage=?1 AND backup<>?2 AND backup IN " WHO;
#undef WHO
#undef ITS
	const struct sql_arg *args = SQL_ARGS(sql_i(storage), sql_i(backup));

	return sql_run(NULL, db, sql, args, e) != 0 ? -1 : sql_run(NULL, db, sql_copies, args, e);
}
