/* trust_test.c: a backup that ended well but looks hollow, from the source to retention. */
#include "tests/unit/job_home.h"

#include "lib/model/retain.h"
#include "lib/model/retain_rule.h"
#include "lib/store/alarms.h"
#include "lib/store/trust.h"
#include "worker/verify.h"

enum { ROWS = 400 };

static void
sql_on(struct job_home *h, const char *sql)
{
	sqlite3 *c = NULL;

	assert_int_equal(sqlite3_open(home_path(h, "data/app.db"), &c), SQLITE_OK);
	assert_int_equal(sqlite3_exec(c, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(c);
}

/* Twelve tables with rows enough to be missed. */
static void
fill_database(struct job_home *h)
{
	for (int i = 0; i < 12; i++) {
		sql_on(h, arena_printf(h->f.a,
		    "CREATE TABLE t%d (n); INSERT INTO t%d WITH RECURSIVE c(n) AS (SELECT 1 UNION"
		    " ALL SELECT n+1 FROM c WHERE n<%d) SELECT n FROM c;", i, i, ROWS));
	}
}

static void
fill_media(struct job_home *h, size_t bytes)
{
	char *text = arena_alloc(h->f.a, bytes + 1);

	memset(text, 'x', bytes);
	home_file(h, "data/media/big.txt", text);
}

static int64_t
good(struct job_home *h)
{
	int64_t id = home_backup(h, 0);
	struct backup b = home_backup_row(h, id);

	assert_int_equal(b.state, BACKUP_READY);
	assert_string_equal(b.suspicion, "");
	return id;
}

static struct backup
odd(struct job_home *h)
{
	struct backup b = home_backup_row(h, home_backup(h, 0));

	assert_int_equal(b.state, BACKUP_READY);
	assert_string_not_equal(b.suspicion, "");
	return b;
}

static void
T18_a_database_without_its_tables_is_ready_but_suspicious(void **state)
{
	struct job_home *h = *state;
	struct backup b;

	fill_database(h);
	good(h);
	for (int i = 0; i < 12; i++)
		sql_on(h, arena_printf(h->f.a, "DROP TABLE t%d", i));
	sql_on(h, "DROP TABLE note");
	b = odd(h);
	assert_string_equal(b.suspicion, "database: no tables where the last one had 13");
	assert_int_equal(home_job_row(h, b.job).warnings, 1);
	assert_int_equal(fixture_number(&h->f, "SELECT count(*) FROM job_log WHERE stream='warn'"
	                                       " AND text LIKE 'suspicious: database: %'"), 1);
}

static void
T18_an_emptied_table_and_an_emptied_folder_are_both_named(void **state)
{
	struct job_home *h = *state;

	fill_database(h);
	good(h);
	sql_on(h, "DELETE FROM t7");
	unlink(home_path(h, "data/media/a.txt"));
	unlink(home_path(h, "data/media/img/b.bin"));
	assert_string_equal(odd(h).suspicion,
	    "database: table t7 is empty where the last one had 400 rows;"
	    " media: no files where the last one had 2");
}

static void
PEER_23_half_the_size_of_the_last_three_is_suspicious_and_no_measure(void **state)
{
	struct job_home *h = *state;

	fill_media(h, 100000);
	good(h);
	good(h);
	fill_media(h, 20000);
	good(h);                      /* two are no history */
	fill_media(h, 100000);
	good(h);
	fill_media(h, 20000);
	/* The second one is not compared with the first: suspicious ones do not count. */
	odd(h);
	odd(h);
	fill_media(h, 100000);
	good(h);
}

static void
PEER_23_what_somebody_says_is_fine_is_the_new_measure(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	int64_t id;

	fill_media(h, 100000);
	for (int i = 0; i < 5; i++)
		good(h);
	fill_media(h, 20000);
	id = odd(h).id;
	OK(trust_clear(f->db, id, &f->e));
	assert_string_equal(home_backup_row(h, id).suspicion, "");
	REFUSED(ERR_CONFLICT, trust_clear(f->db, id, &f->e));
	REFUSED(ERR_CONFLICT, trust_clear(f->db, 9999, &f->e));
	/* Without that, each of the next three would be suspicious again. */
	good(h);
	good(h);
	good(h);
	good(h);
	fill_media(h, 200000);
	odd(h);
}

static int64_t
open_alarms(struct job_home *h)
{
	return fixture_number(&h->f,
	    "SELECT count(*) FROM alarm WHERE kind='suspicious' AND closed_at=0");
}

static void
step(struct job_home *h)
{
	struct fixture *f = &h->f;

	OK(verify_step(f->db, &h->conf, clock_now(), &f->e));
}

static void
PEER_23_the_alarm_opens_once_and_closes_with_the_next_good_one_or_by_hand(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct alarm *list;
	size_t n;

	fill_database(h);
	good(h);
	step(h);
	assert_int_equal(open_alarms(h), 0);
	sql_on(h, "DELETE FROM t3");
	odd(h);
	step(h);
	step(h);
	assert_int_equal(open_alarms(h), 1);
	OK(alarms_open(&list, &n, f->a, f->db, f->environment, &f->e));
	assert_string_equal(list[0].text, "Backup b2 is suspicious: database: table t3 is empty"
	                                  " where the last one had 400 rows");
	OK(trust_clear(f->db, 2, &f->e));
	step(h);
	assert_int_equal(open_alarms(h), 0);
	sql_on(h, "DROP TABLE t4");
	odd(h);
	step(h);
	assert_int_equal(open_alarms(h), 1);
	sql_on(h, "CREATE TABLE t4 (n); INSERT INTO t4 SELECT n FROM t5");
	good(h);
	step(h);
	assert_int_equal(open_alarms(h), 0);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM alarm"), 2);
}

/* The rows of the catalogue through the evaluator: keep the last one, with any number of
 * suspicious ones behind it. */
static const struct retain_verdict *
verdict_of(struct job_home *h, struct retain_result *r, int64_t id, bool believe)
{
	struct fixture *f = &h->f;
	const struct backup_filter filter = { .environment = f->environment, .kind = -1,
		.state = -1, .limit = 100 };
	struct retain_rule rule;
	struct retain_item *items;
	struct backup *list;
	size_t n;

	OK(backups_list(&list, &n, f->a, f->db, &filter, &f->e));
	OK(retain_rule_parse(&rule, "last=1 on-demand=together failed=1", &f->e));
	items = arena_array(f->a, n, sizeof *items);
	for (size_t i = 0; i < n; i++)
		items[n - 1 - i] = (struct retain_item){ .id = list[i].id,
			.environment = f->environment, .taken_at = list[i].created_at,
			.kind = list[i].kind, .state = list[i].state, .health = list[i].health,
			.suspicious = !believe && *list[i].suspicion != '\0',
			.stored_bytes = list[i].stored_bytes };
	struct retain_ask ask = { .rule = &rule, .environment = f->environment,
		.now = clock_now() + 90LL * 24 * 3600 * 1000, .items = items, .count = n };

	retain_judge(r, f->a, &ask);
	for (size_t i = 0; i < n; i++)
		if (items[i].id == id)
			return &r->verdicts[i];
	fail_msg("no verdict for b%d", (int)id);
	return NULL;
}

static void
PEER_23_a_suspicious_one_never_pushes_out_a_good_one(void **state)
{
	struct job_home *h = *state;
	struct retain_result r;
	int64_t first;

	fill_database(h);
	first = good(h);
	sql_on(h, "DELETE FROM t1");
	for (int i = 0; i < 4; i++)
		odd(h);
	assert_false(verdict_of(h, &r, first, false)->go);
	/* The control: were they believed, the last good one would go. */
	assert_true(verdict_of(h, &r, first, true)->go);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(T18_a_database_without_its_tables_is_ready_but_suspicious),
		HOME_TEST(T18_an_emptied_table_and_an_emptied_folder_are_both_named),
		HOME_TEST(PEER_23_half_the_size_of_the_last_three_is_suspicious_and_no_measure),
		HOME_TEST(PEER_23_what_somebody_says_is_fine_is_the_new_measure),
		HOME_TEST(
		    PEER_23_the_alarm_opens_once_and_closes_with_the_next_good_one_or_by_hand),
		HOME_TEST(PEER_23_a_suspicious_one_never_pushes_out_a_good_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
