/* invariants.c: what must be true of the catalogue, and which files it says there are. */
#include "lib/store/invariants.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/num.h"
#include "lib/model/restore.h"
#include "lib/store/packs.h"
#include "lib/store/sql.h"

int
invariants_freeze(struct db *db, struct err *e)
{
	int64_t first;

	/* A deferred transaction begins to see with its first read. */
	if (sql_run(NULL, db, "BEGIN", SQL_NO_ARGS, e) != 0)
		return -1;
	return sql_get(&first, db, "SELECT count(*) FROM setting", SQL_NO_ARGS, e);
}

void
invariants_thaw(struct db *db)
{
	struct err ignored;

	/* It wrote nothing, so a failure loses nothing. */
	if (sql_run(NULL, db, "ROLLBACK", SQL_NO_ARGS, &ignored) != 0)
		return;
}

#define PART_STORED \
	"p.data_stored_bytes+p.manifest_stored_bytes+" PACKS_OWN("k.stored_bytes")

/* Each gives one sentence per row; ?1 is now. */
static const char *const facts[] = {
	"SELECT 'the database file is damaged: '||integrity_check FROM pragma_integrity_check"
	" WHERE integrity_check<>'ok' AND ?1>0",
	"SELECT 'row '||coalesce(rowid, '?')||' of '||\"table\"||' points to a row of '||parent||'"
	" that is not there' FROM pragma_foreign_key_check WHERE ?1>0",

	"SELECT 'j'||id||' is running without a lease' FROM job WHERE state='running' AND"
	" lease_until=0 AND ?1>0",
	"SELECT 'j'||id||' is running but its lease ran out an hour ago and nobody took it up'"
	" FROM job WHERE state='running' AND lease_until>0 AND lease_until<?1-3600000",
	"SELECT 'j'||id||' is '||state||' but has a lease' FROM job WHERE state<>'running' AND"
	" lease_until<>0 AND ?1>0",
	"SELECT 'j'||m.job||' is '||j.state||' but still has service '||m.service FROM job_service"
	" m JOIN job j ON j.id=m.job WHERE m.running=1 AND j.state<>'running' AND ?1>0",
	"SELECT 'j'||m.job||' is running without holding its service '||m.service FROM job_service"
	" m JOIN job j ON j.id=m.job WHERE m.running=0 AND j.state='running' AND ?1>0",
	/* The looks of a draft that was never confirmed outlive it. */
	"SELECT 'j'||id||' is a '||kind||' job of nothing' FROM job WHERE ?1>0 AND ((kind IN"
	" ('backup', 'verify', 'test', 'list', 'compare', 'copy') AND backup IS NULL) OR"
	" (kind='compare' AND compared IS NULL) OR (kind='download' AND"
	" download IS NULL) OR (kind='check' AND"
	" (service IS NULL)=(storage IS NULL)) OR (kind IN ('reconcile', 'copy', 'prove',"
	" 'rewrap') AND storage IS NULL)"
	" OR (restore IS NULL AND (kind IN ('restore', 'undo', 'tidy') OR (kind='preview' AND"
	" state IN ('queued', 'running')))))",

	"SELECT 'b'||b.id||' is being created but no job does it' FROM backup b WHERE"
	" b.state='building' AND ?1>0 AND NOT EXISTS (SELECT 1 FROM job j WHERE j.backup=b.id AND"
	" j.kind='backup' AND j.state IN ('queued', 'running'))",
	"SELECT 'b'||b.id||' is '||b.state||' but j'||j.id||' still creates it' FROM job j JOIN"
	" backup b ON b.id=j.backup WHERE j.kind='backup' AND j.state IN ('queued', 'running') AND"
	" b.state<>'building' AND ?1>0",
	"SELECT 'b'||b.id||' is '||b.state||' but j'||j.id||' '||j.state FROM job j JOIN backup b"
	" ON b.id=j.backup WHERE j.kind='backup' AND ?1>0 AND ((j.state='succeeded' AND"
	" (b.state='failed' OR b.before_trash='failed')) OR (j.state IN ('failed', 'cancelled')"
	" AND (b.state='ready' OR b.before_trash='ready')))",
	"SELECT 'b'||b.id||' was created by '||count(j.id)||' jobs' FROM backup b LEFT JOIN job j"
	" ON j.backup=b.id AND j.kind='backup' WHERE ?1>0 GROUP BY b.id HAVING count(j.id)<>"
	"iif(b.rebuilt_at=0, 1, 0)",
	"SELECT 'b'||b.id||' is '||b.state||' but has no parts' FROM backup b WHERE ?1>0 AND NOT"
	" EXISTS (SELECT 1 FROM part p WHERE p.backup=b.id)",
	"SELECT 'b'||b.id||' is '||b.state||' but its '||p.service_slug||' is '||p.state FROM part"
	" p JOIN backup b ON b.id=p.backup WHERE ?1>0 AND ((b.state='ready' AND p.state<>'ready')"
	" OR (b.state='failed' AND p.state='building'))",
	"SELECT 'b'||b.id||' does not add up: '||b.stored_bytes||' bytes stored, its parts have"
	" '||sum(" PART_STORED ") FROM backup b JOIN part p ON"
	" p.backup=b.id WHERE b.state='ready' AND ?1>0 GROUP BY b.id HAVING"
	" b.stored_bytes<>sum(" PART_STORED ") OR"
	" b.raw_bytes<>sum(max(p.whole_bytes, p.data_raw_bytes))",
	"SELECT 'b'||b.id||': '||p.service_slug||' is ready but has no manifest' FROM part p JOIN"
	" backup b ON b.id=p.backup WHERE p.state='ready' AND p.manifest_key<>'' AND"
	" p.manifest_stored_sha256='' AND ?1>0",
	"SELECT 'two parts have the key '||data_key FROM part WHERE ?1>0 GROUP BY data_key HAVING"
	" count(*)>1",
	"SELECT 'b'||b.id||': '||p.service_slug||' needs the pack '||k.key||', of which others say"
	" that it has other bytes' FROM part_pack k JOIN part p ON p.id=k.part JOIN backup b ON"
	" b.id=p.backup JOIN part o ON o.data_key=k.key WHERE ?1>0 AND b.state='ready' AND"
	" (o.state<>'ready' OR o.data_stored_sha256<>k.stored_sha256 OR o.data_front_sha256<>"
	"k.front_sha256)",
	"SELECT 'b'||id||' is in the trash without a time' FROM backup WHERE state='trashed' AND"
	" before_trash='' AND ?1>0",

	"SELECT 'b'||c.backup||' is being copied to '||s.slug||' but no job does it' FROM copy c"
	" JOIN storage s ON s.id=c.storage WHERE c.state='copying' AND ?1>0 AND NOT EXISTS"
	" (SELECT 1 FROM job j WHERE j.kind='copy' AND j.backup=c.backup AND"
	" j.storage=c.storage AND j.state IN ('queued', 'running'))",
	"SELECT 'b'||c.backup||' has a copy in '||s.slug||', which is its first place' FROM copy c"
	" JOIN backup b ON b.id=c.backup AND b.storage=c.storage JOIN storage s ON s.id=c.storage"
	" WHERE ?1>0",
	"SELECT 'b'||b.id||' is '||b.state||' but has a copy in '||s.slug FROM copy c JOIN backup b"
	" ON b.id=c.backup JOIN storage s ON s.id=c.storage WHERE b.state IN ('building', 'failed',"
	" 'deleted') AND ?1>0",

	"SELECT 'd'||d.id||' is being prepared but no job does it' FROM download d WHERE"
	" d.state='preparing' AND ?1>0 AND NOT EXISTS (SELECT 1 FROM job j WHERE j.download=d.id"
	" AND j.state IN ('queued', 'running'))",
	"SELECT 'd'||d.id||' is '||d.state||' but no job prepared it' FROM download d WHERE ?1>0"
	" AND d.state IN ('ready', 'expired', 'revoked') AND NOT EXISTS (SELECT 1 FROM job j WHERE"
	" j.download=d.id AND j.state='succeeded')",
	"SELECT 'd'||d.id||' is ready but its '||f.name||' is not' FROM download_file f JOIN"
	" download d ON d.id=f.download WHERE d.state='ready' AND (f.path='' OR f.sha256='') AND"
	" ?1>0",
	"SELECT 'd'||d.id||' does not add up: '||d.bytes||' bytes, its files have '||sum(f.bytes)"
	" FROM download d JOIN download_file f ON f.download=d.id WHERE d.state='ready' AND ?1>0"
	" GROUP BY d.id HAVING d.bytes<>sum(f.bytes)",
	"SELECT 'd'||id||' lost its files while it was ready' FROM download WHERE state IN"
	" ('preparing', 'ready') AND removed_at>0 AND ?1>0",
	"SELECT 'r'||r.id||' is pending with '||count(j.id)||' jobs that restore it' FROM restore"
	" r LEFT JOIN job j ON j.restore=r.id AND j.kind='restore' AND j.state IN ('queued',"
	" 'running') WHERE r.state='pending' AND ?1>0 GROUP BY r.id HAVING count(j.id)<>1",
	"SELECT 'r'||r.id||' is '||r.state||' but j'||j.id||' still restores it' FROM job j JOIN"
	" restore r ON r.id=j.restore WHERE j.kind='restore' AND j.state IN ('queued', 'running')"
	" AND r.state<>'pending' AND ?1>0",
	"SELECT 'r'||r.id||' is '||r.state||' but no job restored it' FROM restore r WHERE ?1>0"
	" AND r.state IN ('done', 'undone') AND NOT EXISTS (SELECT 1 FROM job j WHERE"
	" j.restore=r.id AND j.kind='restore' AND j.state='succeeded')",
	"SELECT 'r'||r.id||' is failed but j'||j.id||' succeeded' FROM job j JOIN restore r ON"
	" r.id=j.restore WHERE j.kind='restore' AND j.state='succeeded' AND r.state='failed' AND"
	" ?1>0",
	"SELECT 'r'||r.id||' was never confirmed but j'||j.id||' is a '||j.kind||' job of it' FROM"
	" job j JOIN restore r ON r.id=j.restore WHERE r.state='draft' AND j.kind<>'preview' AND"
	" ?1>0",
	"SELECT 'r'||r.id||' is '||r.state||' but has no parts' FROM restore r WHERE ?1>0 AND NOT"
	" EXISTS (SELECT 1 FROM restore_part x WHERE x.restore=r.id)",
	"SELECT 'r'||r.id||' takes a part that is not of b'||r.backup FROM restore r JOIN"
	" restore_part x ON x.restore=r.id JOIN part p ON p.id=x.part WHERE p.backup<>r.backup AND"
	" ?1>0",
	"SELECT 'r'||r.id||' goes into '||s.slug||' of another environment' FROM restore r JOIN"
	" restore_part x ON x.restore=r.id JOIN service s ON s.id=x.service WHERE"
	" s.environment<>r.environment AND ?1>0",
	"SELECT 'r'||r.id||' was to have a safety backup but has none' FROM restore r LEFT JOIN"
	" backup b ON b.id=r.safety_backup AND b.kind='safety' WHERE r.safety=1 AND"
	" r.state<>'draft' AND b.id IS NULL AND ?1>0",
	/* While an undo is at work, or put right, its parts are on their way. */
	"SELECT 'r'||r.id||' is '||r.state||' but its '||s.slug||' is '||x.state FROM restore r"
	" JOIN restore_part x ON x.restore=r.id JOIN service s ON s.id=x.service WHERE ?1>0 AND"
	" ((r.state='draft' AND x.state<>'waiting') OR (r.state='done' AND x.state NOT IN"
	" ('swapped', 'gone') AND NOT (r.mode='new' AND x.state='built') AND x.tag NOT LIKE"
	" '%" RESTORE_UNDO_TAG "') OR (r.state='undone' AND x.state IN ('waiting', 'swapping')) OR"
	" (r.tidied_at>0 AND (x.state<>'gone' OR x.tag LIKE '%" RESTORE_UNDO_TAG "'))) AND NOT"
	" EXISTS (SELECT 1 FROM job j WHERE j.restore=r.id AND j.kind IN ('undo', 'switch',"
	" 'tidy') AND j.state IN ('queued', 'running'))",
	"SELECT 'r'||r.id||' has made no service for its '||s.slug FROM restore r JOIN"
	" restore_part x ON x.restore=r.id JOIN service s ON s.id=x.service WHERE r.mode='new' AND"
	" r.state='done' AND x.made IS NULL AND ?1>0",
	"SELECT 'two restores have the tag '||tag FROM restore_part WHERE ?1>0 GROUP BY tag HAVING"
	" count(*)>1",

	"SELECT 'mail '||id||' is '||state||' but its text is still kept' FROM outbox WHERE"
	" state<>'queued' AND message IS NOT NULL AND ?1>0",
	"SELECT 'mail '||id||' waits to be sent but has no text' FROM outbox WHERE state='queued'"
	" AND message IS NULL AND ?1>0",
};

struct texts {
	const char **items;
	size_t count, capacity;
};

static int
collect(struct texts *to, struct arena *a, struct db *db, const char *sql, struct err *e)
{
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	if (sql_open(&q, db, sql, SQL_ARGS(sql_i(clock_now())), e) != 0)
		return -1;
	while ((rc = sql_row(q, e)) == 1) {
		to->items = arena_grow(a, to->items, to->count, &to->capacity, sizeof *to->items);
		to->items[to->count++] = sql_text(q, 0, a);
	}
	return rc;
}

int
invariants_check(const char ***ret, size_t *count, struct arena *a, struct db *db, struct err *e)
{
	struct texts found = { NULL, 0, 0 };

	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
		if (collect(&found, a, db, facts[i], e) != 0)
			return -1;
	*ret = found.items;
	*count = found.count;
	return 0;
}

static void
read_file(void *row, struct sql *q, struct arena *a)
{
	struct invariants_file *f = row;

	f->path = sql_text(q, 0, a);
	f->owner = sql_text(q, 1, a);
	f->sha256 = sql_text(q, 2, a);
	f->bytes = sql_int(q, 3);
	f->fence = sql_int(q, 4);
	f->wish = (enum invariants_wish)sql_int(q, 5);
}

/*
 * Of a ready backup, or one in the trash whose deletion has not begun (trashed_at 0 marks it),
 * every object must be there, unless a verification has found it damaged or missing. Of one that is
 * being created, of a purge in progress, everything may. A failed or deleted one names nothing:
 * what lies there is left over.
 */
#define LIVES \
	"(b.state IN ('building', 'ready') OR (b.state='trashed' AND b.before_trash='ready'))"
#define STANDS \
	"(b.state='ready' OR (b.before_trash='ready' AND b.state='trashed' AND b.trashed_at>0))"
#define WISH(ready, health) \
	"CASE WHEN " ready STANDS " THEN CASE WHEN " health " IN ('damaged', 'missing') THEN 2" \
	" ELSE 0 END ELSE 1 END"
#define BUILDER \
	"coalesce((SELECT j.fence FROM job j WHERE j.backup=b.id AND j.kind='backup' AND" \
	" j.state='running'), 0)"
/* copy_fence() */
#define COPIER \
	"coalesce((SELECT j.id*1024+j.fence FROM job j WHERE j.backup=b.id AND j.kind='copy' AND" \
	" j.storage=?1 AND j.state='running'), 0)"
#define WRAPPER \
	"coalesce((SELECT j.id*1024+j.fence FROM job j WHERE j.kind='rewrap' AND j.storage=?1 AND" \
	" j.state='running'), 0)"
/* What has a place in the storage ?1: the first, or a copy; of one in the making, or leaving,
 * everything may be there. */
#define HERE \
	"WITH here AS (SELECT b.id, b.sidecar_key, b.sidecar_sha256, b.signed_by, 'b'||b.id AS" \
	" owner, max(" BUILDER ", " COPIER ") AS fence, " COPIER " AS copier, " \
	WISH("", "b.health") " AS wish FROM backup b WHERE b.storage=?1 AND " LIVES " UNION ALL" \
	" SELECT b.id, b.sidecar_key, b.sidecar_sha256, b.signed_by, 'b'||b.id, " COPIER ", " \
	COPIER ", " WISH("c.state='ready' AND ", "c.health") " FROM copy c JOIN backup b ON" \
	" b.id=c.backup WHERE c.storage=?1 AND " LIVES ") "

int
invariants_objects(struct invariants_file **ret, size_t *count, struct arena *a, struct db *db,
    int64_t storage, struct err *e)
{
	/* A pack may be needed by several, of whom any is named; it is lost when all know so.
	 * Signatures: one of a backup whose signing had not begun is not known yet. Beside what is
	 * encrypted there may be a header for other keys. */
	static const char sql[] = HERE
	    ", o AS (SELECT"
	    " sidecar_key AS path, owner, sidecar_sha256 AS sha256, -1 AS bytes, fence, wish FROM"
	    " here UNION ALL SELECT p.data_key, h.owner, p.data_stored_sha256,"
	    " p.data_stored_bytes, h.fence, h.wish FROM part p JOIN here h ON h.id=p.backup"
	    " UNION ALL SELECT p.manifest_key, h.owner, p.manifest_stored_sha256,"
	    " p.manifest_stored_bytes, h.fence, h.wish FROM part p JOIN here h ON h.id=p.backup"
	    " WHERE p.manifest_key<>'' UNION ALL SELECT k.key, h.owner, k.stored_sha256,"
	    " k.stored_bytes, h.copier, h.wish FROM part_pack k JOIN part p ON p.id=k.part JOIN"
	    " here h ON h.id=p.backup UNION ALL SELECT sidecar_key||'.minisig', owner, '', -1,"
	    " fence, wish FROM here WHERE signed_by<>'' UNION ALL SELECT"
	    " p.manifest_key||'.minisig', h.owner, '', -1, h.fence, h.wish FROM part p JOIN here h"
	    " ON h.id=p.backup WHERE p.manifest_key<>'' AND h.signed_by<>'') SELECT path,"
	    " min(owner), max(sha256), max(bytes), max(fence), min(wish) FROM (SELECT path, owner,"
	    " sha256, bytes, fence, wish FROM o UNION ALL SELECT path||'.header', owner, '', -1, "
	    WRAPPER ", 1 FROM o WHERE substr(path, -4)='.age') GROUP BY path ORDER BY path";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(storage)), sizeof **ret, read_file },
	    e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

int
invariants_downloads(struct invariants_file **ret, size_t *count, struct arena *a, struct db *db,
    struct err *e)
{
	/* The path of a file in preparation is not known yet: its folder is the download's uuid. */
	static const char sql[] =
	    "SELECT CASE f.path WHEN '' THEN d.uuid||'/'||f.name ELSE f.path END AS path,"
	    " 'd'||d.id, f.sha256, f.bytes, coalesce((SELECT max(j.fence) FROM job j WHERE"
	    " j.download=d.id AND j.state='running'), 0), CASE WHEN d.state='ready' AND"
	    " d.expires_at>?1 THEN 0 ELSE 1 END FROM download_file f JOIN download d ON"
	    " d.id=f.download WHERE d.removed_at=0 ORDER BY path";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(clock_now())), sizeof **ret,
	        read_file },
	    e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

bool
invariants_writes(const struct invariants_file *row, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	size_t in = (size_t)(name - path), n = strlen(name);
	char fence[NUM_TEXT];

	snprintf(fence, sizeof fence, ".%" PRId64 ".", row->fence);
	return row->fence != 0 && name[0] == '.' && n > 4 && strcmp(name + n - 4, ".tmp") == 0 &&
	    strncmp(row->path, path, in) == 0 && strchr(row->path + in, '/') == NULL &&
	    strstr(name, fence) != NULL;
}
