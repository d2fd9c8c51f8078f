/* pg_plan.c: SQL for the side: what a merge puts where, and the stream of it. */
#include "worker/target/pg_plan.h"

#include "worker/source/pg.h"

const char pg_plan_session[] =
    "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;"
    " SET lock_timeout = '30s'; SET row_security = off; SET search_path = '';"
    " SET standard_conforming_strings = on; SET client_min_messages = warning;"
    " SET DateStyle = ISO; SET IntervalStyle = postgres; SET extra_float_digits = 3;"
    " SET xmloption = content; SET bytea_output = hex; SET check_function_bodies = off;\n";

/* An index of a partition belongs to the table of the index above it: where that is there, the
 * partition gets its own by being attached. */
const char pg_plan_objects[] =
    "SELECT 'pg_class'::regclass::oid AS class, c.oid AS id, 'pg_class'::regclass::oid AS of_class,"
    "  coalesce(x.indrelid, i.indrelid, c.oid) AS of_id, c.xmin AS made FROM pg_class c"
    "  LEFT JOIN pg_index i ON i.indexrelid = c.oid"
    "  LEFT JOIN pg_index x ON x.indexrelid = pg_partition_root(i.indexrelid)"
    "  WHERE c.relkind NOT IN ('c', 't') AND c.relpersistence <> 't'"
    " UNION ALL SELECT 'pg_constraint'::regclass, c.oid,"
    "  CASE WHEN c.conrelid = 0 THEN 'pg_type'::regclass ELSE 'pg_class'::regclass END,"
    "  CASE WHEN c.conrelid = 0 THEN c.contypid ELSE coalesce(x.indrelid, c.conrelid) END, c.xmin"
    "  FROM pg_constraint c LEFT JOIN pg_index x ON c.contype IN ('p', 'u', 'x')"
    "   AND x.indexrelid = pg_partition_root(c.conindid)"
    " UNION ALL SELECT 'pg_trigger'::regclass, oid, 'pg_class'::regclass, tgrelid, xmin"
    "  FROM pg_trigger"
    " UNION ALL SELECT 'pg_rewrite'::regclass, oid, 'pg_class'::regclass, ev_class, xmin"
    "  FROM pg_rewrite"
    " UNION ALL SELECT 'pg_policy'::regclass, oid, 'pg_class'::regclass, polrelid, xmin"
    "  FROM pg_policy"
    " UNION ALL SELECT 'pg_attrdef'::regclass, oid, 'pg_class'::regclass, adrelid, xmin"
    "  FROM pg_attrdef"
    " UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, 'pg_class'::regclass, stxrelid, xmin"
    "  FROM pg_statistic_ext"
    " UNION ALL SELECT 'pg_publication_rel'::regclass, oid, 'pg_publication'::regclass, prpubid,"
    "  xmin FROM pg_publication_rel"
    " UNION ALL SELECT c, oid, c, oid, xmin FROM pg_type, (VALUES ('pg_type'::regclass)) k (c)"
    "  WHERE typcategory <> 'A' AND (typrelid = 0 OR EXISTS (SELECT FROM pg_class r"
    "   WHERE r.oid = typrelid AND r.relkind = 'c'))"
#define OWN(catalogue)                                                                             \
	" UNION ALL SELECT c, oid, c, oid, t.xmin FROM " catalogue " t,"                           \
	" (VALUES ('" catalogue "'::regclass)) k (c)"
    OWN("pg_proc") OWN("pg_namespace") OWN("pg_extension") OWN("pg_operator") OWN("pg_opclass")
    OWN("pg_opfamily") OWN("pg_cast") OWN("pg_collation") OWN("pg_conversion") OWN("pg_language")
    OWN("pg_publication") OWN("pg_ts_config") OWN("pg_ts_dict") OWN("pg_ts_parser")
    OWN("pg_ts_template") OWN("pg_transform")
    " UNION ALL SELECT 'pg_largeobject'::regclass, oid, 'pg_largeobject'::regclass, oid, xmin"
    "  FROM pg_largeobject_metadata";
#undef OWN

#define KEY "md5(o.of_class || ' ' || (pg_identify_object(o.of_class, o.of_id, 0)).identity)"
/* Below the first number that users get: what every database begins with, save its schema public.
 */
#define OF_USERS "(o.id >= 16384 OR o.of_class = 'pg_namespace'::regclass)"

const char pg_plan_keys[] =
    " SELECT DISTINCT " KEY " FROM o WHERE " OF_USERS " AND o.class = o.of_class"
    " AND o.id = o.of_id";

const char pg_plan_tables[] =
    "CREATE TEMP TABLE lazarette_there (key text);"
    "CREATE TEMP TABLE lazarette_choice (n int, name text);"
    "CREATE TEMP TABLE lazarette_how (add boolean, apart boolean);"
    "CREATE TEMP TABLE lazarette_relation AS SELECT c.oid, n.nspname AS ns, c.relname AS rel,"
    "  c.relkind AS kind, translate(n.nspname || '.' || c.relname, E'\\n\\r', '  ') AS said"
    "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'"
    "  AND n.nspname <> 'information_schema' AND n.nspname !~ '^(pg_|" PG_OWN_SCHEMA ")'"
    "  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass"
    "   AND d.objid = c.oid AND d.deptype = 'e');"
    "CREATE TEMP TABLE lazarette_picked (oid oid);"
    "CREATE TEMP TABLE lazarette_unit (n int, oid oid, ns text, rel text, said text, kind text,"
    "  columns text, fresh boolean);\n";

/* A name as it was counted, or as SQL writes it, or without its schema: then that of public first.
 * Each is one table, or it is told why not. */
#define RESOLVE                                                                                    \
	" FOR h IN SELECT * FROM pg_temp.lazarette_choice ORDER BY n LOOP"                         \
	"  SELECT count(*), min(m.oid::int8)::oid, min(m.kind), min(m.said)"                       \
	"   INTO many, pick, kind, said FROM (SELECT r.*, rank() OVER (ORDER BY CASE"             \
	"     WHEN h.name IN (btrim(r.said), format('%I.%I', r.ns, r.rel)) THEN 1"                 \
	"     WHEN r.ns = 'public' THEN 2 ELSE 3 END) AS place"                                    \
	"    FROM pg_temp.lazarette_relation r WHERE h.name IN (btrim(r.said),"                    \
	"     format('%I.%I', r.ns, r.rel), btrim(translate(r.rel, E'\\n\\r', '  ')),"             \
	"     quote_ident(r.rel))) m WHERE m.place = 1;"                                           \
	"  IF many = 0 THEN"                                                                       \
	"   RAISE EXCEPTION 'lazarette input: The backup has no table %', h.name;"                 \
	"  ELSIF many > 1 THEN"                                                                    \
	"   RAISE EXCEPTION 'lazarette input: The backup has % tables %: name one with its"        \
	" schema', many, h.name;"                                                                  \
	"  ELSIF kind NOT IN ('r', 'p') THEN"                                                      \
	"   RAISE EXCEPTION 'lazarette input: % is a % in the backup; only tables can be chosen'," \
	"    said, CASE kind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'"               \
	"     WHEN 'S' THEN 'sequence' ELSE 'foreign table' END;"                                  \
	"  END IF;"                                                                                \
	"  INSERT INTO pg_temp.lazarette_picked VALUES (pick);"                                   \
	" END LOOP;"

/* Where a partitioned table is put, its partitions are. */
#define UNITS                                                                                      \
	" INSERT INTO pg_temp.lazarette_unit SELECT NULL, r.oid, r.ns, r.rel, r.said, r.kind,"     \
	"  (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a" \
	"   WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped"                      \
	"   AND a.attgenerated = ''),"                                                             \
	"  NOT EXISTS (SELECT FROM pg_temp.lazarette_there t WHERE t.key ="                        \
	"   md5('pg_class'::regclass::oid || ' ' || (pg_identify_object('pg_class'::regclass,"     \
	"    r.oid, 0)).identity))"                                                                \
	"  FROM pg_temp.lazarette_relation r JOIN pg_class c ON c.oid = r.oid"                     \
	"  WHERE r.kind IN ('r', 'p') AND CASE WHEN chosen THEN"                                   \
	"   r.oid IN (SELECT k.oid FROM pg_temp.lazarette_picked k) AND NOT EXISTS (SELECT FROM"   \
	"    pg_partition_ancestors(r.oid) a WHERE a.relid <> r.oid AND a.relid IN"                \
	"    (SELECT k.oid FROM pg_temp.lazarette_picked k))"                                      \
	"   ELSE NOT c.relispartition END;"                                                        \
	" DELETE FROM pg_temp.lazarette_unit WHERE columns IS NULL;"

/* Parents before their children; what is left goes in a circle. */
#define ORDERED                                                                                    \
	" LOOP"                                                                                    \
	"  UPDATE pg_temp.lazarette_unit u SET n = turn WHERE u.n IS NULL AND NOT EXISTS (SELECT"  \
	"   FROM pg_constraint f JOIN pg_temp.lazarette_unit p"                                    \
	"   ON coalesce(pg_partition_root(p.oid), p.oid) ="                                        \
	"    coalesce(pg_partition_root(f.confrelid), f.confrelid)"                                \
	"   WHERE f.contype = 'f' AND p.n IS NULL AND p.oid <> u.oid"                              \
	"   AND coalesce(pg_partition_root(f.conrelid), f.conrelid) ="                             \
	"    coalesce(pg_partition_root(u.oid), u.oid));"                                          \
	"  EXIT WHEN NOT FOUND; turn := turn + 1;"                                                 \
	" END LOOP;"                                                                               \
	" UPDATE pg_temp.lazarette_unit u SET n = o.n FROM (SELECT x.oid, row_number() OVER"       \
	"  (ORDER BY x.n NULLS LAST, x.said COLLATE \"C\", x.oid) AS n"                            \
	"  FROM pg_temp.lazarette_unit x) o WHERE o.oid = u.oid;"

/* Of what was picked also the partitions, and the sequences that belong to them. */
#define SPREAD                                                                                     \
	" INSERT INTO pg_temp.lazarette_picked SELECT t.relid FROM pg_temp.lazarette_picked k,"    \
	"  pg_partition_tree(k.oid) t WHERE t.relid <> k.oid;"                                     \
	" INSERT INTO pg_temp.lazarette_picked SELECT d.objid FROM pg_depend d JOIN pg_class c"    \
	"  ON c.oid = d.objid AND c.relkind = 'S' WHERE d.classid = 'pg_class'::regclass"          \
	"  AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')"                    \
	"  AND d.refobjid IN (SELECT k.oid FROM pg_temp.lazarette_picked k);"

const char pg_plan_make[] =
    "DO $f$ DECLARE h record; many int8; pick oid; kind text; said text; turn int := 1;"
    " chosen boolean := EXISTS (SELECT FROM pg_temp.lazarette_choice);"
    " BEGIN" RESOLVE UNITS ORDERED SPREAD " END $f$;\n";

/* What something else needs comes with it, save a table that nobody chose. Stands behind WITH o AS
 * (objects). */
const char pg_plan_missing[] =
    " SELECT o.class, o.id, (NOT EXISTS (SELECT FROM pg_temp.lazarette_choice)"
    "  OR (o.of_class = 'pg_class'::regclass AND o.of_id IN"
    "   (SELECT k.oid FROM pg_temp.lazarette_picked k)))::int,"
    "  (o.id = o.of_id AND NOT EXISTS (SELECT FROM pg_class c WHERE o.class = 'pg_class'::regclass"
    "   AND c.oid = o.id AND c.relkind IN ('r', 'v', 'm', 'f')))::int"
    " FROM o WHERE " OF_USERS " AND o.class <> 'pg_largeobject'::regclass"
    " AND " KEY " NOT IN (SELECT t.key FROM pg_temp.lazarette_there t);\n";

const char pg_plan_units[] =
    "SELECT 'COPY pg_temp.lazarette_unit FROM STDIN;';\n"
    "COPY (SELECT n, ns, rel, said, fresh FROM pg_temp.lazarette_unit) TO STDOUT;\n"
    "SELECT E'\\\\.\\nCOPY pg_temp.lazarette_column FROM STDIN;';\n"
    "COPY (SELECT u.n, a.attnum, a.attname FROM pg_temp.lazarette_unit u JOIN pg_attribute a"
    "  ON a.attrelid = u.oid WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')"
    " TO STDOUT;\n"
    "SELECT E'\\\\.';\n";

/* What is new or emptied is written to as it is; rows that come on top are looked at first. */
const char pg_plan_rows[] =
    "SELECT format('SELECT %L', format(CASE WHEN fresh OR NOT add"
    "   THEN E'SELECT pg_temp.lazarette_at(%s);\\nCOPY %I.%I (%s) FROM STDIN;'"
    "   ELSE E'SELECT pg_temp.lazarette_at(%1$s), pg_temp.lazarette_take(%1$s);\\n"
    "COPY pg_temp.lazarette_in FROM STDIN;' END, n, ns, rel, columns)),"
    "  format('COPY (SELECT %s FROM %s %I.%I) TO STDOUT', columns,"
    "   CASE kind WHEN 'r' THEN 'ONLY' END, ns, rel),"
    "  format('SELECT %L', format(E'\\\\.\\nSELECT pg_temp.lazarette_put(%s);%s', n,"
    "   CASE WHEN apart THEN ' COMMIT; BEGIN; SET CONSTRAINTS ALL DEFERRED;' END))"
    " FROM pg_temp.lazarette_unit, pg_temp.lazarette_how ORDER BY n \\gexec\n";

const char pg_plan_sequences[] =
    "SELECT 'COPY pg_temp.lazarette_sequence FROM STDIN;';\n"
    "SELECT format('COPY (SELECT %L::text, %L::text, last_value, is_called FROM %I.%I) TO STDOUT',"
    "  r.ns, r.rel, r.ns, r.rel) FROM pg_temp.lazarette_relation r WHERE r.kind = 'S'"
    "  AND (NOT EXISTS (SELECT FROM pg_temp.lazarette_choice)"
    "   OR r.oid IN (SELECT k.oid FROM pg_temp.lazarette_picked k)) \\gexec\n"
    "SELECT E'\\\\.';\n"
    "SELECT 'COPY pg_temp.lazarette_view FROM STDIN;';\n"
    "COPY (SELECT r.ns, r.rel FROM pg_temp.lazarette_relation r JOIN pg_class c ON c.oid = r.oid"
    "  WHERE r.kind = 'm' AND c.relispopulated AND NOT EXISTS"
    "   (SELECT FROM pg_temp.lazarette_choice)) TO STDOUT;\n"
    "SELECT E'\\\\.';\n";

/* In pieces, each of which is small, so that no object is ever held as a whole. */
const char pg_plan_large[] =
    "SELECT 'COPY pg_temp.lazarette_large FROM STDIN;';\n"
    "COPY (SELECT m.oid, g.at, lo_get(m.oid, g.at, 262144) FROM pg_largeobject_metadata m,"
    "  LATERAL generate_series(0, greatest(0,"
    "   lo_lseek64(lo_open(m.oid, 262144), 0, 2) - 1), 262144) g (at)"
    "  WHERE md5('pg_largeobject'::regclass::oid || ' ' || m.oid) NOT IN"
    "   (SELECT t.key FROM pg_temp.lazarette_there t)) TO STDOUT;\n"
    "SELECT E'\\\\.';\n";
