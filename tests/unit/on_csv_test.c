/* on_csv_test.c: the lists as CSV: backups, plans, environments. */
#include "tests/unit/ask.h"
#include "tests/unit/csv_read.h"

#include "cgi/handle/on_backups.h"
#include "cgi/handle/on_overview.h"
#include "cgi/handle/on_schedule.h"
#include "cgi/page/show_csv.h"

#define BACKUPS .run = on_backups_csv, .args = { "shop", "live" }

/* What is written into every text there is, once per beginning that a spreadsheet computes. */
static const char *const hostile[] = { "=1+1|\",\"\r\nx", "+1;\"\"", "-1,\"", "@A1", "\t=1", "\r=1",
	"\n=1" };
enum { HOSTILE = sizeof hostile / sizeof *hostile };

static void
set_all(struct fixture *f, const char *const *statements, const char *text)
{
	fixture_do(f, "PRAGMA ignore_check_constraints=1");
	fixture_do(f, "PRAGMA foreign_keys=0");
	for (; *statements != NULL; statements++)
		OK(sql_run(NULL, f->db, *statements, SQL_ARGS(sql_t(text)), &f->e));
}

/* The cell under that name in that row. */
static const char *
cell(const struct csv_read *r, size_t row, const char *name)
{
	assert_true(row < r->rows);
	for (size_t i = 0; i < r->columns[0]; i++)
		if (strcmp(r->cells[0][i], name) == 0)
			return r->cells[row][i];
	fail_msg("no column %s", name);
	return "";
}

/* As many cells in each row as there are names, and none that computes. */
static void
is_tidy(const struct csv_read *r, size_t rows)
{
	assert_int_equal(r->rows, rows);
	for (size_t i = 0; i < r->rows; i++) {
		assert_int_equal(r->columns[i], r->columns[0]);
		for (size_t j = 0; j < r->columns[i]; j++)
			assert_false(csv_read_computes(r->cells[i][j]));
	}
}

static void
is_hostile(const struct csv_read *r, const char *const *names, const char *text)
{
	for (; *names != NULL; names++) {
		const char *found = cell(r, 1, *names);

		if (found[0] != '\'' || strcmp(found + 1, text) != 0)
			fail_msg("%s is %s", *names, found);
	}
}

static void
T49_hostile_texts_stay_text_in_the_list_of_backups(void **state)
{
	static const char *const texts[] = { "UPDATE backup SET note=?1, error=?1, contents=?1,"
	    " suspicion=?1, test_state=?1, test_text=?1", "UPDATE account SET email=?1",
		"UPDATE storage SET slug=?1", NULL };
	static const char *const names[] = { "Note", "Error", "Contents", "Suspicion", "Test",
		"Test found", "Requested by", "Storage", NULL };
	struct fixture *f = *state;

	fixture_ready(f);
	for (size_t i = 0; i < HOSTILE; i++) {
		CLEANUP_REPLY struct reply rp;
		struct csv_read *r;

		set_all(f, texts, hostile[i]);
		ASK(200, &rp, BACKUPS);
		r = csv_read(f->a, &rp.body);
		is_tidy(r, 2);
		is_hostile(r, names, hostile[i]);
	}
}

static void
T49_hostile_texts_stay_text_in_the_list_of_plans(void **state)
{
	static const char *const texts[] = { "UPDATE schedule SET name=?1, cron=?1, zone=?1",
		"UPDATE project SET slug=?1", "UPDATE environment SET slug=?1",
		"UPDATE storage SET slug=?1",
		"UPDATE backup SET state='failed', error=?1, contents=?1", NULL };
	static const char *const names[] = { "Name", "When", "Cron", "Time zone", "Project",
		"Environment", "Storage", "Error", "Contents", NULL };
	struct fixture *f = *state;

	fixture_ready(f);
	fixture_do(f, "INSERT INTO schedule (id, uuid, environment, name, cron, created_at) VALUES"
	    " (1, 's', 1, 'Nightly', '0 2 * * *', 1)");
	fixture_do(f, "UPDATE backup SET schedule=1");
	for (size_t i = 0; i < HOSTILE; i++) {
		CLEANUP_REPLY struct reply rp;
		struct csv_read *r;

		set_all(f, texts, hostile[i]);
		ASK(200, &rp, .run = on_schedule_plans_csv);
		r = csv_read(f->a, &rp.body);
		is_tidy(r, 2);
		is_hostile(r, names, hostile[i]);
	}
}

static void
T49_hostile_texts_stay_text_in_the_list_of_environments(void **state)
{
	static const char *const texts[] = { "UPDATE project SET slug=?1",
		"UPDATE environment SET slug=?1, name=?1", "UPDATE service SET name=?1 WHERE id=1",
		NULL };
	static const char *const names[] = { "Project", "Environment", "Name", "Not backed up",
		NULL };
	struct fixture *f = *state;

	fixture_ready(f);
	fixture_do(f, "INSERT INTO schedule (id, uuid, environment, name, cron, created_at) VALUES"
	    " (1, 's', 1, 'Nightly', '0 2 * * *', 1)");
	fixture_do(f, "INSERT INTO schedule_state (schedule, environment, handled_at, next_at)"
	    " VALUES (1, 1, 1, 5000)");
	fixture_do(f, "INSERT INTO schedule_service (schedule, service) VALUES (1, 2)");
	for (size_t i = 0; i < HOSTILE; i++) {
		CLEANUP_REPLY struct reply rp;
		struct csv_read *r;

		set_all(f, texts, hostile[i]);
		ASK(200, &rp, .run = on_overview_csv);
		r = csv_read(f->a, &rp.body);
		is_tidy(r, 2);
		is_hostile(r, names, hostile[i]);
	}
}

static void
backups_have_exact_bytes_and_utc_times(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;
	struct csv_read *r;

	fixture_ready(f);
	fixture_do(f, "UPDATE backup SET created_at=1763690400000, raw_bytes=9007199254740993,"
	    " note='Grüße', keep=1");
	ASK(200, &rp, BACKUPS);
	assert_string_equal(rp.content_type, "text/csv; charset=utf-8");
	HEADER(&rp, "Content-Disposition: attachment; filename=\"shop-live-backups-20");
	r = csv_read(f->a, &rp.body);
	is_tidy(r, 2);
	assert_string_equal(cell(r, 1, "Backup"), "b1");
	assert_string_equal(cell(r, 1, "Project"), "shop");
	assert_string_equal(cell(r, 1, "Environment"), "live");
	assert_string_equal(cell(r, 1, "Kind"), "on-demand");
	assert_string_equal(cell(r, 1, "Status"), "ready");
	assert_string_equal(cell(r, 1, "Created (UTC)"), "2025-11-21T02:00:00Z");
	assert_string_equal(cell(r, 1, "Size in bytes"), "9007199254740993");
	assert_string_equal(cell(r, 1, "Stored bytes"), "205");
	assert_string_equal(cell(r, 1, "Health"), "good");
	assert_string_equal(cell(r, 1, "Note"), "Grüße");
	assert_string_equal(cell(r, 1, "Keep"), "yes");
	assert_string_equal(cell(r, 1, "Keep until (UTC)"), "");
	assert_string_equal(cell(r, 1, "Requested by"), "admin@example.org");
}

static void
all_pages_of_the_filtered_list_are_there(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply all, media, noted, odd, page;
	struct csv_read *r;

	fixture_ready(f);
	fixture_do(f, "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i+1 FROM n WHERE i<2100)"
	    " INSERT INTO backup (id, uuid, environment, storage, kind, state, note, contents,"
	    " created_at) SELECT i, 'u' || i, 1, 1, 'scheduled', 'failed', '', '', 5000 FROM n");
	ASK(200, &all, BACKUPS, .query = { { "after", "7" } });
	r = csv_read(f->a, &all.body);
	is_tidy(r, 2101);
	assert_string_equal(cell(r, 1, "Backup"), "b1");
	/* Those of the same moment too, each once. */
	for (size_t i = 2; i < r->rows; i++)
		assert_int_equal(atoll(cell(r, i, "Backup") + 1), 2102 - (long long)i);
	ASK(200, &media, BACKUPS, .query = { { "service", "media" } });
	is_tidy(csv_read(f->a, &media.body), 2);
	ASK(200, &noted, BACKUPS, .query = { { "state", "failed" }, { "q", "nowhere" } });
	is_tidy(csv_read(f->a, &noted.body), 1);
	ASK(404, &odd, .run = on_backups_csv, .args = { "shop", "nowhere" });
	SAYS(&odd, "<!DOCTYPE html>");
	/* The page's link brings its filters along. */
	ASK(200, &page, .run = on_backups_list, .args = { "shop", "live" },
	    .query = { { "service", "media" }, { "q", "a note" } });
	SAYS(&page, "href=\"/p/shop/live/backups.csv?service=media&amp;q=a%20note\"");
}

static void
a_services_own_list_leads_to_its_rows(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply page;

	fixture_ready(f);
	ASK(200, &page, .run = on_backups_of_service, .args = { "shop", "live", "media" });
	SAYS(&page, "href=\"/p/shop/live/backups.csv?service=media\"");
}

static void
a_list_that_is_too_long_says_where_it_is_cut(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply rp;
	const char *last;

	fixture_ready(f);
	fixture_do(f, "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i+1 FROM n WHERE i<2500)"
	    " INSERT INTO backup (id, uuid, environment, storage, kind, state, note, contents,"
	    " created_at) SELECT i, 'u' || i, 1, 1, 'scheduled', 'failed',"
	    " hex(zeroblob(5000)), '', i FROM n");
	ASK(200, &rp, BACKUPS);
	assert_true(rp.body.n > SHOW_CSV_MAX && rp.body.n < SHOW_CSV_MAX + 20000);
	last = rp.body.p + rp.body.n - 140;
	assert_non_null(strstr(last, "\r\n\"This list is cut here: "));
}

static void
plans_and_environments_have_a_row_each(void **state)
{
	struct fixture *f = *state;
	CLEANUP_REPLY struct reply plans, none, environments;
	struct csv_read *r;

	ASK(200, &none, .run = on_schedule_plans_csv);
	is_tidy(csv_read(f->a, &none.body), 1);
	fixture_do(f, "INSERT INTO schedule (id, uuid, environment, name, cron, created_at) VALUES"
	    " (1, 's', 1, 'Nightly', '0 2 * * *', 1), (2, 't', 1, 'Off', '0 3 * * *', 1)");
	fixture_do(f, "UPDATE schedule SET enabled=0, off_at=1 WHERE id=2");
	fixture_do(f, "INSERT INTO schedule_run (schedule, environment, slot, due_at,"
	    " started_at, error) VALUES (1, 1, '1', 5000, 5000, 'nothing to back up')");
	ASK(200, &plans, .run = on_schedule_plans_csv);
	HEADER(&plans, "filename=\"plans-20");
	r = csv_read(f->a, &plans.body);
	is_tidy(r, 3);
	assert_string_equal(cell(r, 1, "When"), "Every day at 02:00");
	assert_string_equal(cell(r, 1, "Cron"), "0 2 * * *");
	assert_string_equal(cell(r, 1, "Status"), "refused");
	assert_string_equal(cell(r, 1, "Error"), "nothing to back up");
	assert_string_equal(cell(r, 1, "Last run (UTC)"), "1970-01-01T00:00:05Z");
	assert_string_not_equal(cell(r, 1, "Next run (UTC)"), "");
	assert_string_equal(cell(r, 2, "On"), "no");
	assert_string_equal(cell(r, 2, "Next run (UTC)"), "");
	ASK(200, &environments, .run = on_overview_csv);
	HEADER(&environments, "filename=\"environments-20");
	r = csv_read(f->a, &environments.body);
	is_tidy(r, 2);
	assert_string_equal(cell(r, 1, "Kind"), "live");
	assert_string_equal(cell(r, 1, "State"), "no-backup-yet");
	assert_string_equal(cell(r, 1, "Last good backup"), "");
}

/* The control: what the pages' own texts would do to a spreadsheet when they were only quoted. */
static void
T49_the_same_list_only_quoted_would_compute(void **state)
{
	struct fixture *f = *state;
	struct backup *items;
	size_t count, computes = 0;

	fixture_ready(f);
	for (size_t i = 0; i < HOSTILE; i++) {
		OK(sql_run(NULL, f->db, "UPDATE backup SET note=?1",
		    SQL_ARGS(sql_t(hostile[i])), &f->e));
		OK(backups_list(&items, &count, f->a, f->db,
		    &(struct backup_filter){ .environment = 1, .kind = -1, .state = -1,
		        .limit = 1 }, &f->e));
		computes += csv_read_computes(items[0].note);
	}
	assert_int_equal(computes, HOSTILE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(T49_hostile_texts_stay_text_in_the_list_of_backups),
		FIXTURE_TEST(T49_hostile_texts_stay_text_in_the_list_of_plans),
		FIXTURE_TEST(T49_hostile_texts_stay_text_in_the_list_of_environments),
		FIXTURE_TEST(T49_the_same_list_only_quoted_would_compute),
		FIXTURE_TEST(backups_have_exact_bytes_and_utc_times),
		FIXTURE_TEST(all_pages_of_the_filtered_list_are_there),
		FIXTURE_TEST(a_services_own_list_leads_to_its_rows),
		FIXTURE_TEST(a_list_that_is_too_long_says_where_it_is_cut),
		FIXTURE_TEST(plans_and_environments_have_a_row_each),
	};

	return cmocka_run_group_tests_name("on_csv", tests, NULL, NULL);
}
