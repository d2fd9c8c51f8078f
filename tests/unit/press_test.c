/* press_test.c: work on several threads comes out in order; the first failure is what is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "worker/archive/press.h"

enum { SLOTS = 5, ITEMS = 2000 };

struct piece {
	int number, made;
};

struct shop {
	struct press *press;
	struct piece pieces[SLOTS];
	int seen[PRESS_WAYS];         /* how many came, all in order */
	bool disorder;
	int fail_work, fail_deliver;  /* at this number; -1 never */
	atomic_int working, most;
};

static int
work(void *arg, int thread, void *item, struct err *e)
{
	struct shop *s = arg;
	struct piece *piece = item;
	int now = atomic_fetch_add(&s->working, 1) + 1;

	if (now > atomic_load(&s->most))
		atomic_store(&s->most, now);
	/* Later ones are often done earlier. */
	if (piece->number % 7 == 0)
		usleep(200);
	piece->made = piece->number * 2 + (thread < 0);
	atomic_fetch_sub(&s->working, 1);
	return piece->number == s->fail_work ? err_set(e, ERR_INTERNAL, "work %d", piece->number)
	                                     : 0;
}

static int
see(struct shop *s, int way, const struct piece *piece)
{
	if (piece->number != s->seen[way] || piece->made != piece->number * 2)
		s->disorder = true;
	return s->seen[way]++;
}

static int
first_way(void *arg, void *item, struct err *e)
{
	struct shop *s = arg;

	return see(s, 0, item) == s->fail_deliver ? err_set(e, ERR_FULL, "deliver") : 0;
}

static int
second_way(void *arg, void *item, struct err *e)
{
	(void)e;
	see(arg, 1, item);
	return 0;
}

static void
open_shop(struct shop *s, bool two_ways)
{
	void *items[SLOTS];
	struct press_spec spec = { .threads = 3,
		.slots = SLOTS,
		.items = items,
		.work = work,
		.arg = s };
	struct err e;

	*s = (struct shop){ .fail_work = -1, .fail_deliver = -1 };
	for (int i = 0; i < SLOTS; i++)
		items[i] = &s->pieces[i];
	spec.deliver[0] = first_way;
	spec.deliver[1] = two_ways ? second_way : NULL;
	assert_int_equal(press_new(&s->press, &spec, &e), 0);
}

/* How many were given before a failure came back. */
static int
give_all(struct shop *s, struct err *e)
{
	for (int i = 0; i < ITEMS; i++) {
		void *item;

		if (press_take(&item, s->press, e) != 0)
			return i;
		((struct piece *)item)->number = i;
		press_give(s->press);
	}
	return ITEMS;
}

static void
everything_comes_out_once_and_in_order_in_every_way(void **state)
{
	struct err e;

	(void)state;
	for (int ways = 1; ways <= PRESS_WAYS; ways++) {
		struct shop s;

		open_shop(&s, ways == 2);
		assert_int_equal(give_all(&s, &e), ITEMS);
		assert_int_equal(press_finish(s.press, &e), 0);
		assert_false(s.disorder);
		assert_int_equal(s.seen[0], ITEMS);
		assert_int_equal(s.seen[1], ways == 2 ? ITEMS : 0);
		press_freep(&s.press);
		assert_null(s.press);
	}
}

static void
a_failure_of_work_stops_everything_and_is_told(void **state)
{
	struct shop s;
	struct err e;

	(void)state;
	open_shop(&s, true);
	s.fail_work = 100;
	assert_true(give_all(&s, &e) < 100 + 2 * SLOTS);
	assert_string_equal(e.text, "work 100");
	assert_int_equal(press_finish(s.press, &e), -1);
	assert_string_equal(e.text, "work 100");
	assert_true(s.seen[0] <= 100);
	press_freep(&s.press);
}

static void
a_failure_of_delivery_stops_everything_and_is_told(void **state)
{
	struct shop s;
	struct err e;

	(void)state;
	open_shop(&s, true);
	s.fail_deliver = 50;
	assert_true(give_all(&s, &e) < 50 + 2 * SLOTS);
	assert_int_equal(e.kind, ERR_FULL);
	assert_int_equal(s.seen[0], 51);
	press_freep(&s.press);
}

static void
a_failure_of_the_last_item_is_told_at_the_end(void **state)
{
	struct shop s;
	struct err e;

	(void)state;
	open_shop(&s, false);
	s.fail_deliver = ITEMS - 1;
	assert_int_equal(give_all(&s, &e), ITEMS);
	assert_int_equal(press_finish(s.press, &e), -1);
	assert_int_equal(e.kind, ERR_FULL);
	press_freep(&s.press);
}

static void
giving_up_in_the_middle_leaves_no_thread(void **state)
{
	struct shop s;
	struct err e;
	void *item;

	(void)state;
	for (int i = 0; i < 50; i++) {
		open_shop(&s, true);
		assert_int_equal(press_take(&item, s.press, &e), 0);
		((struct piece *)item)->number = 0;
		if (i % 2)
			press_give(s.press);
		press_freep(&s.press);
		/* Nobody touches the item any more. */
		memset(&s, 0, sizeof s);
	}
	press_freep(&s.press);
	assert_null(s.press);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_comes_out_once_and_in_order_in_every_way),
		cmocka_unit_test(a_failure_of_work_stops_everything_and_is_told),
		cmocka_unit_test(a_failure_of_delivery_stops_everything_and_is_told),
		cmocka_unit_test(a_failure_of_the_last_item_is_told_at_the_end),
		cmocka_unit_test(giving_up_in_the_middle_leaves_no_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
