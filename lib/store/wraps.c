/* wraps.c: which encrypted objects lie in a storage, and for whom they were encrypted. */
#include "lib/store/wraps.h"

#include "lib/store/findings.h"
#include "lib/store/sql.h"

int
wraps_request(int64_t *job, struct db *db, const struct job_request *rq, int64_t storage,
    struct err *e)
{
	return findings_request_kind(job, db, rq, storage, JOB_REWRAP, e);
}

static void
read_object(void *row, struct sql *q, struct arena *a)
{
	struct wraps_object *o = row;

	o->key = sql_text(q, 0, a);
	o->recipients = sql_text(q, 1, a);
}

#define STANDS \
	"(b.state='ready' OR (b.state='trashed' AND b.before_trash='ready' AND b.trashed_at>0))"
/* For whom a pack is says the one that stored it, if it is its first; else any that needs it, for
 * who builds on a backup is for the same (packs_hold_base()). */
#define OF_PACK(key) \
	"coalesce((SELECT s.recipients FROM part o JOIN backup s ON s.id=o.backup WHERE" \
	" o.data_key=" key "), (SELECT s.recipients FROM part_pack f JOIN part o ON o.id=f.part" \
	" JOIN backup s ON s.id=o.backup WHERE f.key=" key " LIMIT 1), '')"

int
wraps_list(struct wraps_object **ret, size_t *count, struct arena *a, struct db *db,
    int64_t storage, struct err *e)
{
	static const char sql[] =
	    "WITH here AS (SELECT b.id, b.recipients FROM backup b WHERE b.storage=?1 AND " STANDS
	    " UNION SELECT b.id, b.recipients FROM copy c JOIN backup b ON b.id=c.backup WHERE"
	    " c.storage=?1 AND c.state='ready' AND " STANDS ") SELECT key, min(recipients) FROM"
	    " (SELECT p.data_key AS key, h.recipients FROM part p JOIN here h ON h.id=p.backup"
	    " UNION ALL SELECT p.manifest_key, h.recipients FROM part p JOIN here h ON"
	    " h.id=p.backup UNION ALL SELECT k.key, " OF_PACK("k.key") " FROM part_pack k JOIN"
	    " part p ON p.id=k.part JOIN here h ON h.id=p.backup) WHERE substr(key, -4)='.age'"
	    " GROUP BY key ORDER BY key";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(storage)), sizeof **ret, read_object },
	    e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

int
wraps_making(struct wraps_object **ret, size_t *count, struct arena *a, struct db *db,
    int64_t storage, struct err *e)
{
	static const char sql[] =
	    "SELECT 'b'||b.id, b.recipients FROM backup b WHERE b.recipients<>'' AND ((b.storage=?1"
	    " AND b.state='building') OR EXISTS (SELECT 1 FROM copy c WHERE c.backup=b.id AND"
	    " c.storage=?1 AND c.state='copying')) ORDER BY b.id";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(storage)), sizeof **ret, read_object },
	    e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}

int
wraps_recipients(char **ret, struct arena *a, struct db *db, const char *pack, struct err *e)
{
	static const char sql[] = "SELECT " OF_PACK("?1");
	CLEANUP_SQL struct sql *q = NULL;

	if (sql_open(&q, db, sql, SQL_ARGS(sql_t(pack)), e) != 0 || sql_row(q, e) < 0)
		return -1;
	*ret = sql_text(q, 0, a);
	return 0;
}
