/* retain_stay_test.c: what stays whatever the rule says, and a clock that jumped. */
#include "tests/unit/retaining.h"

/* PEER-10: not the last good backup of a service, wherever it is. */
static void
PEER_10_the_last_good_backup_of_a_service_never_goes(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "last=1 min-age=0 failed=1", noon());
	l.parts[3].service = MEDIA;
	list_add(&l, noon() - DAYS(500));
	list_add(&l, noon() - DAYS(400))->part_count = 2;
	for (int i = 0; i < 20; i++) {
		struct retain_item *failed = list_add(&l, noon() - DAYS(2 + i));

		failed->state = BACKUP_FAILED;
		l.parts[3 * (failed->id - 1)].good = false;
	}
	for (int i = 0; i < 7; i++)
		list_add(&l, noon() - DAYS(30 + i));
	list_judge(&l);
	assert_string_equal(staying(&l), "2 23");
	assert_string_equal(row_of(&l, 2), "Kept for media as the newest one; goes when a newer one"
	                                   " exists");
	list_rule(&l, "daily=1 min-good=3 min-age=0 failed=1");
	list_judge(&l);
	assert_string_equal(staying(&l), "2 23 24 25");
	assert_string_equal(row_of(&l, 25), "Among the newest 3 good backups of database");
	list_end(&l);
}

/* A part that is whole stays reachable when the rest of its backup failed. */
static void
a_whole_part_in_a_failed_backup_stays_while_it_is_the_newest(void **state UNUSED)
{
	struct list l;
	struct retain_item *half;

	list_begin(&l, "last=1 failed=3 min-age=0", noon());
	list_add(&l, noon() - DAYS(20))->part_count = 2;
	half = list_add(&l, noon() - DAYS(10));
	half->state = BACKUP_FAILED;
	half->part_count = 2;
	l.parts[3 * (half->id - 1) + 1].good = false;
	list_judge(&l);
	assert_string_equal(staying(&l), "1 2");
	assert_string_equal(row_of(&l, 2),
	    "Newest backup of database, whole in a backup that failed");
	list_add(&l, noon() - DAYS(5));
	list_judge(&l);
	assert_true(verdict_of(&l, 2)->go);
	assert_string_equal(row_of(&l, 2), "Goes tonight: failed, and older than 3 days");
	list_end(&l);
}

/* A safety backup may be of the very damage that a restore was to repair. */
static void
a_safety_backup_never_stands_for_the_last_good_one(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "days=10 safety=7 min-age=0", noon());
	list_add(&l, noon() - DAYS(100));
	list_add(&l, noon() - DAYS(6))->kind = BACKUP_SAFETY;
	list_add(&l, noon() - DAYS(8))->kind = BACKUP_SAFETY;
	list_judge(&l);
	assert_string_equal(staying(&l), "1 2");
	assert_string_equal(row_of(&l, 1), "Newest good backup of database");
	assert_string_equal(row_of(&l, 2),
	    "Safety backup, kept for 7 days; goes after 21 Nov 2026");
	assert_string_equal(row_of(&l, 3), "Goes tonight: a safety backup, older than 7 days");
	l.ask.items++;
	l.ask.count--;
	l.ask.now += DAYS(30);
	list_judge(&l);
	assert_false(l.result.verdicts[0].go);
	assert_true(l.result.verdicts[1].go);
	list_end(&l);
}

/* PEER-23: a suspicious one never counts; as the newest there is, it waits to be looked at. */
static void
PEER_23_suspicious_ones_never_count_and_the_newest_waits(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "last=2 failed=5 min-age=0", noon());
	for (int i = 0; i < 3; i++)
		list_add(&l, noon() - DAYS(50 + i));
	for (int i = 0; i < 4; i++)
		list_add(&l, noon() - DAYS(4 + i))->suspicious = true;
	list_judge(&l);
	assert_string_equal(staying(&l), "1 2 4");
	assert_true(HAS(verdict_of(&l, 4), WHY_FAILED));
	l.ask.now += DAYS(30);
	list_judge(&l);
	assert_string_equal(staying(&l), "1 2 4");
	assert_string_equal(row_of(&l, 4), "Newest backup of database, but suspicious");
	assert_string_equal(row_of(&l, 5), "Goes tonight: suspicious, and older than 5 days");
	list_end(&l);
}

/* PEER-18, DIV-10: kept by a person, for ever or until a day. */
static void
PEER_18_DIV_10_a_kept_one_never_goes(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "last=1 min-age=0", noon());
	list_add(&l, noon() - DAYS(1));
	list_add(&l, noon() - DAYS(900))->pinned = true;
	list_add(&l, noon() - DAYS(901))->keep_until = noon() + DAYS(13);
	list_add(&l, noon() - DAYS(902))->keep_until = noon();
	list_add(&l, noon() - DAYS(903))->in_use = true;
	list_add(&l, noon() - DAYS(904))->environment = HOME + 1;
	list_judge(&l);
	assert_string_equal(staying(&l), "1 2 3 5 6");
	assert_string_equal(row_of(&l, 2), "Kept");
	assert_string_equal(short_of(&l, 2), "Kept");
	assert_int_equal(verdict_of(&l, 2)->goes, GOES_NEVER);
	assert_string_equal(row_of(&l, 3), "Kept until 4 Dec 2026");
	assert_int_equal(verdict_of(&l, 3)->goes_at, noon() + DAYS(13));
	assert_string_equal(row_of(&l, 5), "In use: a restore or a download needs it");
	assert_int_equal(verdict_of(&l, 5)->goes, GOES_OPEN);
	assert_string_equal(row_of(&l, 6), "Belongs to another environment");
	list_end(&l);
}

static void
a_backup_of_the_future_never_counts_and_never_goes(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "last=1 min-age=0", noon());
	list_add(&l, noon() + 1);
	list_add(&l, noon());
	list_add(&l, noon() - 1);
	list_judge(&l);
	assert_string_equal(staying(&l), "1 2");
	assert_string_equal(row_of(&l, 1), "Dated in the future: never counts and never goes");
	list_end(&l);
}

static void
what_is_being_made_or_in_the_trash_is_left_alone(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "last=1 min-age=0", noon());
	list_add(&l, noon() - DAYS(3))->state = BACKUP_BUILDING;
	list_add(&l, noon() - DAYS(2))->state = BACKUP_TRASHED;
	l.items[1].trashed_at = noon() - DAYS(1);
	list_add(&l, noon() - DAYS(1))->state = BACKUP_DELETED;
	list_add(&l, noon() - DAYS(90));
	list_judge(&l);
	assert_int_equal(l.result.go_count, 0);
	assert_string_equal(row_of(&l, 1), "Is being made");
	assert_string_equal(row_of(&l, 2), "In the trash; goes after 26 Nov 2026");
	assert_string_equal(short_of(&l, 2), "In the trash until 26 Nov");
	assert_int_equal(verdict_of(&l, 2)->goes_at, noon() + DAYS(6));
	assert_string_equal(row_of(&l, 3), "Deleted");
	/* The trash takes no room, what is being made does. */
	assert_int_equal(l.result.stay_bytes, 2000000);
	list_end(&l);
}

static void
a_ready_backup_in_which_nothing_is_whole_does_not_count(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "last=1 min-age=0", noon());
	list_add(&l, noon() - DAYS(9));
	list_add(&l, noon() - DAYS(1));
	l.parts[3].good = false;
	list_judge(&l);
	assert_string_equal(staying(&l), "1 2");
	assert_string_equal(row_of(&l, 2), "Nothing in it is whole, kept for 14 days;"
	                                   " goes after 3 Dec 2026");
	list_end(&l);
}

/* A backup of files alone each evening does not push out the nightly ones of all. */
static void
each_service_is_counted_by_itself(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "daily=3 min-age=0", noon());
	for (int i = 0; i < 5; i++) {
		list_add(&l, utc(2026, 11, 21 - i, 2, 0))->part_count = 2;
		list_add(&l, utc(2026, 11, 21 - i, 8, 0));
		l.parts[3 * (l.ask.count - 1)].service = MEDIA;
		l.parts[3 * (l.ask.count - 1)].name = "media";
	}
	list_judge(&l);
	assert_string_equal(staying(&l), "1 2 3 4 5 6");
	assert_string_equal(row_of(&l, 3), "Kept for database as the daily backup of 20 Nov 2026;"
	                                   " goes when newer ones take its place");
	assert_string_equal(row_of(&l, 4), "Kept as the daily backup of 20 Nov 2026;"
	                                   " goes when newer ones take its place");
	list_end(&l);
}

/* SCU-11: `rotate 3` keeps exactly the three newest, whatever fails in between. */
static void
SCU_11_the_newest_3_stay_and_failed_runs_never_evict(void **state UNUSED)
{
	struct list l;

	list_begin(&l, NULL, noon());
	l.rule = retain_preset_rule(PRESET_LAST, 3);
	for (int i = 0; i < 5; i++)
		list_add(&l, noon() - HOURS(5 - i));
	list_judge(&l);
	assert_string_equal(staying(&l), "3 4 5");
	for (int i = 0; i < 7; i++)
		list_add(&l, noon() - 60000 * i)->state = BACKUP_FAILED;
	list_judge(&l);
	assert_string_equal(staying(&l), "3 4 5 6 7 8 9 10 11 12");
	list_end(&l);
}

/* -- the clock -- */

/* T39: more than a day forward or an hour back, and nothing is deleted. */
static void
T39_a_clock_that_jumped_stops_all_deleting(void **state UNUSED)
{
	static const struct { int64_t before; bool stopped; } cases[] = {
		{ DAYS(1), false },          { DAYS(1) + 1, true },       { -HOURS(1), false },
		{ -HOURS(1) - 1, true },     { 0, false },                { DAYS(20000), true },
		{ -DAYS(20000), true },      { HOURS(1), false },
	};
	struct list l;

	list_begin(&l, "last=1 min-age=0", noon());
	for (int i = 0; i < 5; i++)
		list_add(&l, noon() - DAYS(1 + i));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		l.ask.last_now = noon() - cases[i].before;
		list_judge(&l);
		assert_true(l.result.stopped == cases[i].stopped);
		assert_int_equal(l.result.go_count, cases[i].stopped ? 0 : 4);
		assert_true((retain_note_warning(l.arena, &l.ask, &l.result) != NULL) ==
		    cases[i].stopped);
	}
	l.ask.last_now = noon() - DAYS(3) - HOURS(4);
	list_judge(&l);
	assert_string_equal(retain_note_warning(l.arena, &l.ask, &l.result),
	    "The clock went 3 d 4 h forward since the last look: nothing is deleted this time");
	assert_string_equal(row_of(&l, 5), "Would go, but the clock jumped: nothing is deleted");
	assert_int_equal(verdict_of(&l, 5)->goes, GOES_OPEN);
	l.ask.last_now = noon() + HOURS(2);
	list_judge(&l);
	assert_string_equal(retain_note_warning(l.arena, &l.ask, &l.result),
	    "The clock went 2 h 00 m back since the last look: nothing is deleted this time");
	/* Nobody looked before: there is nothing to compare with. */
	l.ask.last_now = 0;
	list_judge(&l);
	assert_int_equal(l.result.go_count, 4);
	list_end(&l);
}

/* T39: at 1970 all that is there is of the future. */
static void
T39_a_clock_at_1970_deletes_nothing(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "last=1 min-age=0", 5000);
	add_nights(&l, 50);
	list_judge(&l);
	assert_int_equal(l.result.go_count, 0);
	assert_int_equal(count_why(&l, WHY_FUTURE), 50);
	list_end(&l);
}

static void
no_backup_goes_in_its_first_hours(void **state UNUSED)
{
	struct list l;

	list_begin(&l, "last=2 min-age=24", noon());
	for (int i = 0; i < 6; i++)
		list_add(&l, noon() - HOURS(8 * i));
	list_judge(&l);
	/* 0, 8 and 16 hours old take one place together, 24 hours the other. */
	assert_string_equal(staying(&l), "1 2 3 4");
	assert_string_equal(row_of(&l, 1), "Kept as one of the newest 2; goes after 21 Nov 2026,"
	                                   " and only when 2 newer ones exist");
	assert_string_equal(row_of(&l, 3), "New: nothing goes within 24 hours; goes today");
	assert_string_equal(row_of(&l, 4), "Kept as one of the newest 2; goes today");
	assert_int_equal(verdict_of(&l, 4)->goes_at, noon() + HOURS(8));
	list_rule(&l, "monthly=1 min-age=24");
	list_judge(&l);
	assert_string_equal(staying(&l), "1 2 3");
	assert_string_equal(row_of(&l, 3), "New: nothing goes within 24 hours; goes today");
	assert_string_equal(row_of(&l, 4), "Goes tonight: not needed for 1 monthly");
	list_end(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(PEER_10_the_last_good_backup_of_a_service_never_goes),
		cmocka_unit_test(a_whole_part_in_a_failed_backup_stays_while_it_is_the_newest),
		cmocka_unit_test(a_safety_backup_never_stands_for_the_last_good_one),
		cmocka_unit_test(PEER_23_suspicious_ones_never_count_and_the_newest_waits),
		cmocka_unit_test(PEER_18_DIV_10_a_kept_one_never_goes),
		cmocka_unit_test(a_backup_of_the_future_never_counts_and_never_goes),
		cmocka_unit_test(what_is_being_made_or_in_the_trash_is_left_alone),
		cmocka_unit_test(a_ready_backup_in_which_nothing_is_whole_does_not_count),
		cmocka_unit_test(each_service_is_counted_by_itself),
		cmocka_unit_test(SCU_11_the_newest_3_stay_and_failed_runs_never_evict),
		cmocka_unit_test(T39_a_clock_that_jumped_stops_all_deleting),
		cmocka_unit_test(T39_a_clock_at_1970_deletes_nothing),
		cmocka_unit_test(no_backup_goes_in_its_first_hours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
