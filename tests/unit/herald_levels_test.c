/* herald_levels_test.c: channels of an environment, its project and the instance: who hears of what
 * happens there, and what a level says of those above it. */
#include "tests/unit/mail_fixture.h"

#include "lib/store/alarms.h"
#include "lib/store/channels.h"
#include "lib/store/notices.h"
#include "worker/notify/herald.h"

static const notice_set everything = (1U << NOTICE_CHOICES) - 1;

/* shop/live is the fixture's; beside it are shop/staging and blog/live, and one channel at each
 * level, named after what it belongs to. */
struct levels {
	struct fixture *f;
	int64_t staging, blog, blog_live;
	int64_t all, shop, live;      /* channels */
};

/* A channel that nothing is sent to here: its rows wait. */
static int64_t
ear(struct fixture *f, const char *name, int64_t project, int64_t environment)
{
	struct channel c = { .project = project, .environment = environment,
		.kind = CHANNEL_WEBHOOK, .name = name, .target = "hooks.example.net",
		.sealed = "x", .sealed_size = 1, .events = everything };

	OK(channels_add(&c, f->db, &f->e));
	return c.id;
}

static int64_t
place(struct fixture *f, int64_t project, const char *slug)
{
	struct environment v = { .project = project, .slug = slug, .name = slug,
		.kind = ENV_STAGING };

	OK(environments_add(&v, f->db, &f->e));
	return v.id;
}

static struct levels
levels(struct fixture *f)
{
	struct project other = { .slug = "blog", .name = "Blog", .owners = "" };
	struct levels l = { .f = f };

	OK(projects_add(&other, f->db, &f->e));
	l.blog = other.id;
	l.blog_live = place(f, other.id, "live");
	l.staging = place(f, f->project, "staging");
	l.all = ear(f, "all", 0, 0);
	l.shop = ear(f, "shop", f->project, 0);
	l.live = ear(f, "shop/live", f->project, f->environment);
	ear(f, "shop/staging", f->project, l.staging);
	ear(f, "blog", other.id, 0);
	ear(f, "blog/live", other.id, l.blog_live);
	clock_sleep(2);
	return l;
}

static const struct policy_place *
of_project(struct levels *l)
{
	static struct policy_place at;

	at = (struct policy_place){ LEVEL_PROJECT, l->f->project };
	return &at;
}

static const struct policy_place *
of_live(struct levels *l)
{
	static struct policy_place at;

	at = (struct policy_place){ LEVEL_ENVIRONMENT, l->f->environment };
	return &at;
}

static void
say(struct levels *l, const struct policy_place *at, int64_t channel, enum channel_say what)
{
	struct fixture *f = l->f;

	OK(channels_say(NULL, f->db, at, &(struct channel_saying){ channel, 0, what }, &f->e));
}

/* Who hears of an alarm in an environment (0: of the instance), looked for three times: "all,shop".
 */
static const char *
heard(struct levels *l, int64_t environment)
{
	struct fixture *f = l->f;
	struct alarm what = { .kind = "late", .environment = environment, .subject = "s1",
		.text = "It did not come." };
	struct conf conf = conf_of(f);
	CLEANUP_SQL struct sql *q = NULL;
	const char *names;

	fixture_do(f, "DELETE FROM delivery");
	OK(alarms_raise(NULL, f->db, &what, &f->e));
	for (int i = 0; i < 3; i++) {
		struct herald h = { .alive_at = INT64_MAX / 2 };
		int64_t now = clock_now();

		h.alive_at = now + 1;
		OK(herald_step(&h, f->db, &conf, now, &f->e));
	}
	/* That the one before is over is told only now. */
	OK(sql_open(&q, f->db, "SELECT coalesce(group_concat(name), '') FROM (SELECT c.name FROM"
	    " delivery d JOIN channel c ON c.id=d.channel WHERE d.event='late' ORDER BY c.id)",
	    SQL_NO_ARGS, &f->e));
	assert_int_equal(sql_row(q, &f->e), 1);
	names = sql_text(q, 0, f->a);
	OK(alarms_settle(NULL, f->db, &what, &f->e));
	return names;
}

#define HEARD(environment, names) assert_string_equal(heard(&l, environment), names)

static void
PEER_19_a_notice_goes_once_to_each_channel_of_the_three_levels(void **state)
{
	struct fixture *f = *state;
	struct levels l = levels(f);

	HEARD(f->environment, "all,shop,shop/live");
	/* The controls: another environment, another project, the instance itself. */
	HEARD(l.staging, "all,shop,shop/staging");
	HEARD(l.blog_live, "all,blog,blog/live");
	HEARD(0, "all");
}

/* A backup's end, not an alarm: the same way. */
static void
PEER_19_a_failed_backup_is_told_at_each_level_once(void **state)
{
	struct fixture *f = *state;
	struct conf conf = conf_of(f);
	struct herald h = { .alive_at = INT64_MAX };
	struct lease l;

	levels(f);
	fixture_request(f, 0, NULL);
	l = fixture_claim(f);
	OK(jobs_fail(f->db, &l, &(struct err){ .text = "no luck" }, &f->e));
	h.alive_at = clock_now() + 1;
	for (int i = 0; i < 3; i++)
		OK(herald_step(&h, f->db, &conf, clock_now(), &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM delivery WHERE"
	    " event='backup-failed'"), 3);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM delivery d JOIN channel c ON"
	    " c.id=d.channel WHERE c.name IN ('all', 'shop', 'shop/live')"), 3);
}

static void
PEER_19_what_comes_from_above_is_switched_off_for_one_level(void **state)
{
	struct fixture *f = *state;
	struct levels l = levels(f);

	say(&l, of_live(&l), l.all, CHANNEL_NOT_HERE);
	HEARD(f->environment, "shop,shop/live");
	HEARD(l.staging, "all,shop,shop/staging");
	HEARD(0, "all");
	say(&l, of_live(&l), l.shop, CHANNEL_NOT_HERE);
	HEARD(f->environment, "shop/live");
	HEARD(l.staging, "all,shop,shop/staging");
	say(&l, of_live(&l), l.all, CHANNEL_UNSAID);
	HEARD(f->environment, "all,shop/live");
}

static void
PEER_19_of_channels_too_the_nearest_level_that_says_something_wins(void **state)
{
	struct fixture *f = *state;
	struct levels l = levels(f);

	say(&l, of_project(&l), l.all, CHANNEL_NOT_HERE);
	HEARD(f->environment, "shop,shop/live");
	HEARD(l.staging, "shop,shop/staging");
	HEARD(l.blog_live, "all,blog,blog/live");
	say(&l, of_live(&l), l.all, CHANNEL_TOLD);
	HEARD(f->environment, "all,shop,shop/live");
	HEARD(l.staging, "shop,shop/staging");
	say(&l, of_live(&l), l.all, CHANNEL_UNSAID);
	HEARD(f->environment, "shop,shop/live");
}

/* Told or not, one that is off at its own level hears of nothing. */
static void
a_channel_that_is_off_is_off_everywhere(void **state)
{
	struct fixture *f = *state;
	struct levels l = levels(f);

	say(&l, of_live(&l), l.all, CHANNEL_TOLD);
	OK(channels_enable(f->db, l.all, false, &f->e));
	HEARD(f->environment, "shop,shop/live");
	OK(channels_enable(f->db, l.live, false, &f->e));
	HEARD(f->environment, "shop");
}

static void
look(struct fixture *f)
{
	struct conf conf = conf_of(f);
	int64_t now = clock_now();
	struct herald h = { .alive_at = now + 1 };

	OK(herald_step(&h, f->db, &conf, now, &f->e));
}

static int64_t
told_of(struct fixture *f, int64_t channel, const char *event)
{
	int64_t n;

	OK(sql_get(&n, f->db, "SELECT count(*) FROM delivery WHERE channel=?1 AND event=?2",
	    SQL_ARGS(sql_i(channel), sql_t(event)), &f->e));
	return n;
}

/* Whoever heard that it began hears that it is over, also after 90 days, and nobody else does. */
static void
PEER_19_the_end_is_told_to_those_who_heard_of_the_beginning(void **state)
{
	struct fixture *f = *state;
	struct levels l = levels(f);
	struct alarm what = { .kind = "late", .environment = f->environment, .subject = "s1",
		.text = "It did not come." };

	say(&l, of_live(&l), l.all, CHANNEL_NOT_HERE);
	OK(alarms_raise(NULL, f->db, &what, &f->e));
	look(f);
	say(&l, of_live(&l), l.all, CHANNEL_UNSAID);
	say(&l, of_live(&l), l.shop, CHANNEL_NOT_HERE);
	fixture_do(f, "UPDATE delivery SET state='sent'");
	OK(notices_forget(f->db, INT64_MAX, &f->e));
	OK(alarms_settle(NULL, f->db, &what, &f->e));
	look(f);
	look(f);
	assert_int_equal(told_of(f, l.all, "late"), 0);
	assert_int_equal(told_of(f, l.all, "recovered"), 0);
	assert_int_equal(told_of(f, l.shop, "late"), 1);
	assert_int_equal(told_of(f, l.shop, "recovered"), 1);
	assert_int_equal(told_of(f, l.live, "recovered"), 1);
	/* The next one is told as it is said by now, in one look from beginning to end. */
	OK(alarms_raise(NULL, f->db, &what, &f->e));
	OK(alarms_settle(NULL, f->db, &what, &f->e));
	look(f);
	assert_int_equal(told_of(f, l.all, "recovered"), 1);
	assert_int_equal(told_of(f, l.shop, "recovered"), 1);
	assert_int_equal(told_of(f, l.live, "recovered"), 2);
	/* It is over and told: then it may be forgotten. */
	fixture_do(f, "UPDATE delivery SET state='sent'");
	OK(notices_forget(f->db, INT64_MAX, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM delivery"), 0);
}

static void
a_backup_ends(struct fixture *f, bool fails)
{
	struct backup_ids ids = fixture_request(f, 0, NULL);
	struct lease l = fixture_claim(f);

	if (fails)
		OK(jobs_fail(f->db, &l, &(struct err){ .text = "no luck" }, &f->e));
	else
		fixture_finish(f, &l, ids.backup);
	look(f);
}

/* Its light would stay red for ever. */
static void
PEER_19_a_check_that_heard_of_a_failure_hears_of_the_next_good_one(void **state)
{
	struct fixture *f = *state;
	struct levels l = levels(f);

	fixture_do(f, "UPDATE channel SET kind='healthchecks' WHERE name='all'");
	a_backup_ends(f, true);
	assert_int_equal(told_of(f, l.all, "backup-failed"), 1);
	say(&l, of_live(&l), l.all, CHANNEL_NOT_HERE);
	a_backup_ends(f, false);
	assert_int_equal(told_of(f, l.all, "backup-ready"), 1);
	assert_int_equal(told_of(f, l.shop, "backup-ready"), 1);
	/* From then on it is not told of what happens here. */
	a_backup_ends(f, true);
	a_backup_ends(f, false);
	assert_int_equal(told_of(f, l.all, "backup-failed"), 1);
	assert_int_equal(told_of(f, l.all, "backup-ready"), 1);
	assert_int_equal(told_of(f, l.shop, "backup-ready"), 2);
}

static void
PEER_19_a_level_sees_its_own_beside_the_inherited_ones_with_their_origin(void **state)
{
	struct fixture *f = *state;
	struct levels l = levels(f);
	struct channel_above *up;
	struct channel *own;
	size_t count;

	OK(channels_list(&own, &count, f->a, f->db, of_live(&l), &f->e));
	assert_int_equal(count, 1);
	assert_string_equal(own[0].name, "shop/live");
	assert_int_equal(own[0].environment, f->environment);
	OK(channels_list(&own, &count, f->a, f->db, of_project(&l), &f->e));
	assert_int_equal(count, 1);
	assert_string_equal(own[0].name, "shop");
	OK(channels_list(&own, &count, f->a, f->db, &(struct policy_place){ LEVEL_INSTANCE, 0 },
	    &f->e));
	assert_int_equal(count, 1);
	say(&l, of_project(&l), l.all, CHANNEL_NOT_HERE);
	say(&l, of_live(&l), l.shop, CHANNEL_NOT_HERE);
	OK(channels_above(&up, &count, f->a, f->db, of_live(&l), &f->e));
	assert_int_equal(count, 2);
	assert_string_equal(up[0].channel.name, "all");
	assert_int_equal(up[0].from, LEVEL_INSTANCE);
	assert_int_equal(up[0].own, CHANNEL_UNSAID);
	assert_int_equal(up[0].inherited, CHANNEL_NOT_HERE);
	assert_int_equal(up[0].said, LEVEL_PROJECT);
	assert_int_equal(up[0].channel.events, everything);
	assert_string_equal(up[1].channel.name, "shop");
	assert_int_equal(up[1].from, LEVEL_PROJECT);
	assert_int_equal(up[1].own, CHANNEL_NOT_HERE);
	assert_int_equal(up[1].inherited, CHANNEL_TOLD);
	assert_int_equal(up[1].said, LEVEL_PROJECT);
	OK(channels_above(&up, &count, f->a, f->db, of_project(&l), &f->e));
	assert_int_equal(count, 1);
	assert_int_equal(up[0].own, CHANNEL_NOT_HERE);
	assert_int_equal(up[0].inherited, CHANNEL_TOLD);
	assert_int_equal(up[0].said, LEVEL_INSTANCE);
	OK(channels_above(&up, &count, f->a, f->db, &(struct policy_place){ LEVEL_INSTANCE, 0 },
	    &f->e));
	assert_int_equal(count, 0);
}

static void
nothing_is_said_of_what_is_not_above(void **state)
{
	struct fixture *f = *state;
	struct levels l = levels(f);
	const struct policy_place instance = { LEVEL_INSTANCE, 0 };
	const struct policy_place blog = { LEVEL_ENVIRONMENT, l.blog_live };
	const struct policy_place nowhere = { LEVEL_ENVIRONMENT, 99 };
	struct channel_saying off = { .say = CHANNEL_NOT_HERE };
	bool changed;

	/* Its own, another project's, a lower level's, none; and the instance has none above. */
	off.channel = l.live;
	REFUSED(ERR_NOT_FOUND, channels_say(NULL, f->db, of_live(&l), &off, &f->e));
	REFUSED(ERR_NOT_FOUND, channels_say(NULL, f->db, of_project(&l), &off, &f->e));
	off.channel = l.shop;
	REFUSED(ERR_NOT_FOUND, channels_say(NULL, f->db, of_project(&l), &off, &f->e));
	REFUSED(ERR_NOT_FOUND, channels_say(NULL, f->db, &blog, &off, &f->e));
	REFUSED(ERR_NOT_FOUND, channels_say(NULL, f->db, &nowhere, &off, &f->e));
	off.channel = l.all;
	REFUSED(ERR_NOT_FOUND, channels_say(NULL, f->db, &instance, &off, &f->e));
	off.channel = 99;
	REFUSED(ERR_NOT_FOUND, channels_say(NULL, f->db, of_live(&l), &off, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM channel_here"), 0);
	off.channel = l.all;
	off.by = f->admin;
	OK(channels_say(&changed, f->db, of_live(&l), &off, &f->e));
	assert_true(changed);
	/* Said once more by another it stays whose it was. */
	off.by = 0;
	OK(channels_say(&changed, f->db, of_live(&l), &off, &f->e));
	assert_false(changed);
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM channel_here"), 1);
	assert_int_equal(fixture_number(f, "SELECT set_by FROM channel_here"), f->admin);
	OK(channels_remove(f->db, l.all, &f->e));
	assert_int_equal(fixture_number(f, "SELECT count(*) FROM channel_here"), 0);
	REFUSED(ERR_NOT_FOUND, channels_say(NULL, f->db, of_live(&l), &off, &f->e));
}

/* Each level's log is of its own channels. */
static void
the_log_of_a_level_is_of_its_own_channels(void **state)
{
	struct fixture *f = *state;
	struct levels l = levels(f);
	struct notice_filter filter = { .at = *of_live(&l) };
	struct notice_row *rows;
	size_t count;

	HEARD(f->environment, "all,shop,shop/live");
	OK(notices_list(&rows, &count, f->a, f->db, &filter, &f->e));
	assert_int_equal(count, 1);
	assert_int_equal(rows[0].channel, l.live);
	filter.at = *of_project(&l);
	OK(notices_list(&rows, &count, f->a, f->db, &filter, &f->e));
	assert_int_equal(count, 1);
	assert_int_equal(rows[0].channel, l.shop);
	filter.channel = l.live;
	OK(notices_list(&rows, &count, f->a, f->db, &filter, &f->e));
	assert_int_equal(count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MAIL_TEST(PEER_19_a_notice_goes_once_to_each_channel_of_the_three_levels),
		MAIL_TEST(PEER_19_a_failed_backup_is_told_at_each_level_once),
		MAIL_TEST(PEER_19_what_comes_from_above_is_switched_off_for_one_level),
		MAIL_TEST(PEER_19_of_channels_too_the_nearest_level_that_says_something_wins),
		MAIL_TEST(a_channel_that_is_off_is_off_everywhere),
		MAIL_TEST(PEER_19_the_end_is_told_to_those_who_heard_of_the_beginning),
		MAIL_TEST(PEER_19_a_check_that_heard_of_a_failure_hears_of_the_next_good_one),
		MAIL_TEST(PEER_19_a_level_sees_its_own_beside_the_inherited_ones_with_their_origin),
		MAIL_TEST(nothing_is_said_of_what_is_not_above),
		MAIL_TEST(the_log_of_a_level_is_of_its_own_channels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
