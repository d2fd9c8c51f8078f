/* retention_levels_test.c: limits, the days of the trash, and rules by level. */
#include "tests/unit/stock.h"

/* 2025-01-06 at 02:00 UTC. */
#define BEGIN (INT64_C(20094) * STOCK_DAY + 2 * STOCK_HOUR)

static const struct policy_place everywhere = { LEVEL_INSTANCE, 0 };

static void
PEER_10_max_total_takes_the_oldest_and_never_what_must_stay(void **state)
{
	struct fixture *f = *state;
	int64_t ids[4], now = BEGIN + 9 * STOCK_DAY;
	const struct retention *r;

	stock_rule(f, "forever max-total=2MB min-age=0");
	for (int i = 0; i < 4; i++)
		ids[i] = stock_add(f, (struct stock){ .at = BEGIN + i * STOCK_DAY });
	r = stock_judge(f, now);
	assert_true(stock_goes(f, r, ids[0]));
	assert_true(stock_goes(f, r, ids[1]));
	assert_false(stock_goes(f, r, ids[2]));
	assert_false(r->result.over_limit);
	assert_string_equal(retention_row(f->a, r, ids[0]),
	    "Goes tonight: the oldest of more than 2.00 MB");
	fixture_do(f, "UPDATE backup SET keep=1");
	r = stock_judge(f, now);
	assert_int_equal(r->result.go_count, 0);
	assert_true(r->result.over_limit);
}

static void
the_trash_keeps_for_the_days_of_the_nearest_policy(void **state)
{
	struct fixture *f = *state;
	const struct policy_place env = { LEVEL_ENVIRONMENT, f->environment },
	    project = { LEVEL_PROJECT, f->project };
	int64_t id = stock_add(f, (struct stock){ .at = BEGIN }), now = clock_now(), ms, found;

	OK(backups_trash(f->db, id, &f->e));
	OK(sql_run(NULL, f->db, "UPDATE backup SET trashed_at=?1", SQL_ARGS(sql_i(now - 5 *
	    STOCK_DAY)), &f->e));
	OK(retention_trash_ms(&ms, f->db, f->environment, 1234, &f->e));
	assert_int_equal(ms, 1234);
	/* By what the caller says where nobody set anything. */
	OK(backups_next_purge(&found, f->db, now - 6 * STOCK_DAY, 0, &f->e));
	assert_int_equal(found, 0);
	OK(policies_set(f->db, POLICY_TRASH_DAYS, &everywhere, "30", f->admin, &f->e));
	OK(backups_next_purge(&found, f->db, now - STOCK_DAY, 0, &f->e));
	assert_int_equal(found, 0);
	OK(policies_set(f->db, POLICY_TRASH_DAYS, &project, "6", f->admin, &f->e));
	OK(retention_trash_ms(&ms, f->db, f->environment, 1234, &f->e));
	assert_int_equal(ms, 6 * STOCK_DAY);
	OK(backups_next_purge(&found, f->db, now - STOCK_DAY, 0, &f->e));
	assert_int_equal(found, 0);
	OK(policies_set(f->db, POLICY_TRASH_DAYS, &env, "4", f->admin, &f->e));
	OK(backups_next_purge(&found, f->db, now - 90 * STOCK_DAY, 0, &f->e));
	assert_int_equal(found, id);
}

/* -- levels -- */

static void
PEER_19_the_rule_and_its_zone_come_from_the_nearest_level(void **state)
{
	struct fixture *f = *state;
	const struct policy_place project = { LEVEL_PROJECT, f->project };
	const struct retention *r = stock_judge(f, BEGIN);

	assert_int_equal(r->policy.level, LEVEL_DEFAULT);
	assert_string_equal(r->zone, "UTC");
	OK(policies_set(f->db, POLICY_RETENTION, &everywhere, "last=9", f->admin, &f->e));
	OK(policies_set(f->db, POLICY_ZONE, &project, "Europe/Zurich", f->admin, &f->e));
	r = stock_judge(f, BEGIN);
	assert_int_equal(r->policy.level, LEVEL_INSTANCE);
	assert_int_equal(r->rule.last, 9);
	assert_string_equal(r->zone, "Europe/Zurich");
	assert_int_equal(retain_local(&r->ask, BEGIN), BEGIN + STOCK_HOUR);
	/* A zone that the system has lost is no reason to stop. */
	fixture_do(f, "UPDATE policy SET value='Mars/Olympus' WHERE key='zone'");
	r = stock_judge(f, BEGIN);
	assert_string_equal(r->zone, "UTC");
	assert_int_equal(retain_local(&r->ask, BEGIN), BEGIN);
}

static void
PEER_19_a_change_is_summed_up_over_all_that_inherit_it(void **state)
{
	struct fixture *f = *state;
	struct retention_change c = { .at = everywhere, .rule = "last=1 min-age=0",
		.now = BEGIN + 9 * STOCK_DAY };
	struct retention_impact all, again, one, back;
	struct environment v = { .slug = "other", .name = "Other", .kind = ENV_STAGING,
		.project = f->project };

	OK(environments_add(&v, f->db, &f->e));
	for (int i = 0; i < 4; i++)
		stock_add(f, (struct stock){ .at = BEGIN + i * STOCK_DAY });
	OK(retention_impact(&all, f->a, f->db, &c, &f->e));
	assert_int_equal(all.count, 2);
	assert_int_equal(all.go_count, 3);
	assert_int_equal(all.go_bytes, 3000000);
	/* The same list has the same name, one that has grown another. */
	OK(retention_impact(&again, f->a, f->db, &c, &f->e));
	assert_string_equal(all.list, again.list);
	stock_add(f, (struct stock){ .at = BEGIN + 5 * STOCK_DAY });
	OK(retention_impact(&again, f->a, f->db, &c, &f->e));
	assert_string_not_equal(all.list, again.list);
	/* One that has a rule of its own is not concerned. */
	stock_rule(f, "forever");
	OK(retention_impact(&all, f->a, f->db, &c, &f->e));
	assert_int_equal(all.count, 1);
	assert_int_equal(all.go_count, 0);
	/* Going back to what is inherited may delete as well. */
	OK(policies_set(f->db, POLICY_RETENTION, &everywhere, "last=2 min-age=0", f->admin,
	    &f->e));
	c.at = (struct policy_place){ LEVEL_ENVIRONMENT, f->environment };
	c.rule = NULL;
	OK(retention_impact(&back, f->a, f->db, &c, &f->e));
	assert_int_equal(back.count, 1);
	assert_int_equal(back.go_count, 3);
	c.rule = "last=0";
	REFUSED(ERR_INPUT, retention_impact(&one, f->a, f->db, &c, &f->e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(PEER_10_max_total_takes_the_oldest_and_never_what_must_stay),
		FIXTURE_TEST(the_trash_keeps_for_the_days_of_the_nearest_policy),
		FIXTURE_TEST(PEER_19_the_rule_and_its_zone_come_from_the_nearest_level),
		FIXTURE_TEST(PEER_19_a_change_is_summed_up_over_all_that_inherit_it),
	};

	return cmocka_run_group_tests_name("retention_levels", tests, NULL, NULL);
}
