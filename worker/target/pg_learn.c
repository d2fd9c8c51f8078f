/* pg_learn.c: statistics of new tables, in one go through psql. */
#include "worker/target/pg_learn.h"

#include <string.h>

#include "lib/util/proc.h"

/* An ANALYZE of a partitioned table is one of its partitions, too. The sample is 300 rows for each
 * unit of the statistics' target, which is 100 where nobody has set it. */
static const char statistics[] =
    "DO $$ DECLARE one record; BEGIN\n"
    " FOR one IN SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,"
    "  CASE WHEN c.relkind = 'p' OR pg_catalog.pg_relation_size(c.oid) <= 8388608"
    "   OR 'off' IN (pg_catalog.current_setting('autovacuum'),"
    "    pg_catalog.current_setting('track_counts'))"
    "   OR EXISTS (SELECT 1 FROM pg_catalog.pg_options_to_table(c.reloptions) o"
    "    WHERE o.option_name = 'autovacuum_enabled' AND NOT o.option_value::pg_catalog.bool)"
    "  THEN NULL ELSE (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ')"
    "   FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0"
    "   AND NOT a.attisdropped) END AS columns"
    "  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE c.relkind IN ('r', 'm', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'"
    "   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' LOOP\n"
    "  IF one.columns IS NULL THEN\n"
    "   SET LOCAL default_statistics_target TO DEFAULT;\n"
    "   EXECUTE 'ANALYZE ' || one.name;\n"
    "  ELSE\n"
    "   SET LOCAL default_statistics_target TO 10;\n"
    "   EXECUTE 'ANALYZE ' || one.name || ' (' || one.columns || ')';\n"
    "  END IF;\n"
    " END LOOP;\n"
    "END $$;\n"
    "SELECT pg_catalog.pg_database_size(oid), oid FROM pg_catalog.pg_database"
    " WHERE datname = pg_catalog.current_database();\n";

int
pg_learn_begin(struct proc **ret, const struct source *src, const struct pg_access *access,
    struct err *e)
{
	static const struct pg_script script = { .sql = statistics };

	return pg_begin(ret, src, access, &script, e);
}

int
pg_learn_end(struct pg_learned *ret, struct proc *learning, struct err *e)
{
	char answer[64], *at = answer;
	size_t n = 0;
	ssize_t got;

	while ((got = proc_read(learning, answer + n, sizeof answer - 1 - n, e)) > 0)
		n += (size_t)got;
	answer[n] = '\0';
	answer[strcspn(answer, "\n")] = '\0';
	if (got < 0 || proc_wait(learning, e) != 0)
		return -1;
	if (pg_number(&ret->bytes, &at, e) != 0)
		return -1;
	return pg_number(&ret->oid, &at, e);
}
