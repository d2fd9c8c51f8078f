/* retain_model_test.c: random lists against the oracle and against what must never happen. */
#include "tests/unit/retain_random.h"

#include "tests/unit/retain_oracle.h"

enum { ROUNDS = 3000, HISTORIES = 100000, MOST = 40 };

/* -- the second opinion -- */

/* Where evaluator and oracle differ: the number of the backup from 1, or 0. */
static size_t
differs(const struct list *l)
{
	struct oracle o;

	oracle_judge(&o, &l->ask);
	for (size_t i = 0; i < l->ask.count; i++) {
		const struct retain_verdict *v = &l->result.verdicts[i];

		if (v->go != o.go[i] || (!v->go && v->why != o.why[i]))
			return i + 1;
	}
	return 0;
}

static void
random_limit(struct dice *d, struct list *l)
{
	if (one_in(d, 4))
		l->rule.max_total = 1 + pick(d, 60000);
	if (one_in(d, 10))
		l->ask.last_now = l->ask.now - DAYS(2) * (one_in(d, 2) ? 1 : -1);
}

static void
every_reason_is_the_one_of_the_oracle(void **state UNUSED)
{
	struct dice d = { 20261121 };
	size_t went = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct list l;
		size_t at;

		random_list(&d, &l, MOST);
		random_limit(&d, &l);
		list_judge(&l);
		if ((at = differs(&l)) != 0)
			fail_msg("round %d, backup %zu: go %d why %x", round, at,
			    l.result.verdicts[at - 1].go, l.result.verdicts[at - 1].why);
		went += l.result.go_count;
		list_end(&l);
	}
	/* The lists are such that much goes: else this would prove little. */
	assert_true(went > ROUNDS * 3);
}

/* -- what must never happen, whatever the rule is -- */

static bool
is_out(const struct list *l, const struct retain_item *x)
{
	return x->environment != HOME || x->taken_at > l->ask.now || x->state == BACKUP_BUILDING ||
	    x->state == BACKUP_TRASHED || x->state == BACKUP_DELETED;
}

/* A ready, sound, unsuspected backup with a whole copy of the service. */
static bool
is_copy(const struct list *l, const struct retain_item *x, int64_t service)
{
	if (is_out(l, x) || x->state != BACKUP_READY || x->suspicious ||
	    x->health == HEALTH_DAMAGED || x->health == HEALTH_MISSING)
		return false;
	for (size_t i = 0; i < x->part_count; i++)
		if (x->parts[i].service == service && x->parts[i].good)
			return true;
	return false;
}

static const char *
lost_a_service(const struct list *l)
{
	for (int64_t service = 1; service <= SEARCH; service++) {
		const struct retain_item *last = NULL;
		bool any = false, any_stays = false;

		for (size_t i = 0; i < l->ask.count; i++) {
			const struct retain_item *x = &l->items[i];

			if (!is_copy(l, x, service))
				continue;
			any = true;
			any_stays = any_stays || !l->result.verdicts[i].go;
			if (x->kind != BACKUP_SAFETY && (last == NULL || before(last, x)))
				last = x;
		}
		if (any && !any_stays)
			return "the last good backup of a service goes";
		if (last != NULL && l->result.verdicts[last - l->items].go)
			return "the newest good backup of a service goes";
	}
	return NULL;
}

/* What is wrong with the verdicts, or NULL. */
static const char *
violation(const struct list *l)
{
	int64_t now = l->ask.now, young = HOURS(l->rule.min_age_hours);

	for (size_t i = 0; i < l->ask.count; i++) {
		const struct retain_item *x = &l->items[i];

		if (!l->result.verdicts[i].go)
			continue;
		if (x->pinned || x->keep_until > now)
			return "a kept backup goes";
		if (x->taken_at > now)
			return "a backup of the future goes";
		if (now - x->taken_at < young)
			return "a backup younger than the minimum age goes";
		if (x->in_use || x->state == BACKUP_BUILDING)
			return "a backup in use goes";
		if (x->environment != HOME)
			return "a backup of another environment goes";
		if (retain_clock_jumped(l->ask.last_now, now))
			return "a backup goes although the clock jumped";
		if (x->state == BACKUP_TRASHED || x->state == BACKUP_DELETED)
			return "a backup that is gone goes again";
	}
	return lost_a_service(l);
}

/* T25: random histories, of all states and kinds, under random rules. */
static void
T25_of_100000_histories_none_loses_what_must_stay(void **state UNUSED)
{
	struct dice d = { 25 };
	size_t went = 0;

	for (int round = 0; round < HISTORIES; round++) {
		struct list l;
		const char *wrong;

		random_list(&d, &l, MOST);
		random_limit(&d, &l);
		list_judge(&l);
		if ((wrong = violation(&l)) != NULL)
			fail_msg("round %d: %s", round, wrong);
		went += l.result.go_count;
		list_end(&l);
	}
	assert_true(went > HISTORIES * 3);
}

/* -- controls: evaluators that are wrong in one thing each -- */

static void
forget_pins(struct list *l)
{
	for (size_t i = 0; i < l->ask.count; i++)
		l->items[i].pinned = false;
}

static void
forget_until(struct list *l)
{
	for (size_t i = 0; i < l->ask.count; i++)
		l->items[i].keep_until = 0;
}

static void
forget_min_age(struct list *l)
{
	l->rule.min_age_hours = 0;
}

static void
forget_last_good(struct list *l)
{
	l->rule.min_good = 0;
}

static void
trust_the_suspicious(struct list *l)
{
	for (size_t i = 0; i < l->ask.count; i++)
		l->items[i].suspicious = false;
}

static void
trust_the_damaged(struct list *l)
{
	for (size_t i = 0; i < l->ask.count; i++)
		l->items[i].health = HEALTH_GOOD;
}

static void
trust_safety(struct list *l)
{
	for (size_t i = 0; i < l->ask.count; i++)
		if (l->items[i].kind == BACKUP_SAFETY)
			l->items[i].kind = BACKUP_SCHEDULED;
}

static void
live_in_the_future(struct list *l)
{
	l->ask.now += DAYS(365);
	l->ask.last_now = 0;
}

static void
forget_use(struct list *l)
{
	for (size_t i = 0; i < l->ask.count; i++)
		l->items[i].in_use = false;
}

static void
take_all_as_own(struct list *l)
{
	for (size_t i = 0; i < l->ask.count; i++)
		l->items[i].environment = HOME;
}

static void
forget_the_clock(struct list *l)
{
	l->ask.last_now = 0;
}

static void
mix_services(struct list *l)
{
	for (size_t i = 0; i < l->ask.count; i++)
		for (size_t k = 0; k < l->items[i].part_count; k++)
			l->parts[3 * i + k].service = DATABASE;
}

/* The verdicts of the distorted question, beside the true one. */
static void
judge_wrongly(struct list *l, void (*distort)(struct list *))
{
	struct list true_list = *l;
	size_t items = (l->ask.count + 1) * sizeof *l->items;
	size_t parts = 3 * (l->ask.count + 1) * sizeof *l->parts;
	char *kept_items = arena_dupn(l->arena, l->items, items);
	char *kept_parts = arena_dupn(l->arena, l->parts, parts);

	distort(l);
	list_judge(l);
	true_list.result = l->result;
	*l = true_list;
	list_point(l);
	memcpy(l->items, kept_items, items);
	memcpy(l->parts, kept_parts, parts);
}

static void
T25_control_a_wrong_evaluator_is_found_out(void **state UNUSED)
{
	static const struct { const char *name; void (*distort)(struct list *); } wrong[] = {
		{ "pins", forget_pins },
		{ "kept until", forget_until },
		{ "minimum age", forget_min_age },
		{ "last good", forget_last_good },
		{ "suspicious", trust_the_suspicious },
		{ "damaged", trust_the_damaged },
		{ "safety", trust_safety },
		{ "future", live_in_the_future },
		{ "use", forget_use },
		{ "owner", take_all_as_own },
		{ "clock", forget_the_clock },
		{ "services", mix_services },
	};

	for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++) {
		struct dice d = { 77 };
		size_t caught = 0, differ = 0;

		for (int round = 0; round < ROUNDS; round++) {
			struct list l;

			random_list(&d, &l, MOST);
			random_limit(&d, &l);
			judge_wrongly(&l, wrong[w].distort);
			if (violation(&l) != NULL) {
				caught++;
				differ += differs(&l) != 0;
			}
			list_end(&l);
		}
		if (caught < 10 || differ != caught)
			fail_msg("%s: caught %zu, differs %zu", wrong[w].name, caught, differ);
	}
}

/* -- how verdicts hang together -- */

static int64_t *
random_number(struct dice *d, struct retain_rule *rule)
{
	int64_t *numbers[] = { &rule->last, &rule->days, &rule->each[0], &rule->each[1],
		&rule->each[2], &rule->each[3], &rule->each[4], &rule->demand_days,
		&rule->demand_last, &rule->failed_days, &rule->safety_days, &rule->min_age_hours,
		&rule->min_good };

	return numbers[pick(d, sizeof numbers / sizeof *numbers)];
}

static void
a_looser_rule_never_deletes_more(void **state UNUSED)
{
	struct dice d = { 4711 };
	size_t saved = 0;

	for (int round = 0; round < 4 * ROUNDS; round++) {
		struct retain_result strict;
		struct list l;

		random_list(&d, &l, MOST);
		list_judge(&l);
		strict = l.result;
		for (int times = 1 + pick(&d, 3); times > 0; times--)
			*random_number(&d, &l.rule) += 1 + pick(&d, 5);
		for (size_t k = 0; k < l.ask.keeps_count; k++)
			*random_number(&d, &l.keep_rules[k]) += pick(&d, 5);
		list_judge(&l);
		for (size_t i = 0; i < l.ask.count; i++)
			if (l.result.verdicts[i].go && !strict.verdicts[i].go)
				fail_msg("round %d: backup %zu", round, i + 1);
		saved += strict.go_count - l.result.go_count;
		list_end(&l);
	}
	assert_true(saved > ROUNDS);
}

static void
deleting_what_goes_leaves_nothing_more_to_delete(void **state UNUSED)
{
	struct dice d = { 815 };

	for (int round = 0; round < 4 * ROUNDS; round++) {
		struct list l;

		random_list(&d, &l, MOST);
		list_judge(&l);
		list_delete(&l);
		list_judge(&l);
		if (l.result.go_count != 0)
			fail_msg("round %d: %zu more", round, l.result.go_count);
		list_end(&l);
	}
}

static void
shuffle(struct dice *d, struct list *l)
{
	for (int i = (int)l->ask.count - 1; i > 0; i--) {
		int k = pick(d, i + 1);
		struct retain_item x = l->items[i];

		l->items[i] = l->items[k];
		l->items[k] = x;
	}
}

static void
the_order_of_the_question_does_not_matter(void **state UNUSED)
{
	struct dice d = { 99 };

	for (int round = 0; round < ROUNDS; round++) {
		struct retain_result first;
		struct list l;

		random_list(&d, &l, MOST);
		random_limit(&d, &l);
		list_judge(&l);
		first = l.result;
		shuffle(&d, &l);
		list_judge(&l);
		for (size_t i = 0; i < l.ask.count; i++) {
			const struct retain_verdict *a = &first.verdicts[l.items[i].id - 1];
			const struct retain_verdict *b = &l.result.verdicts[i];

			assert_true(a->go == b->go && a->why == b->why && a->limit == b->limit);
			assert_true(a->goes == b->goes && a->goes_at == b->goes_at);
			assert_int_equal(a->goes_newer, b->goes_newer);
			assert_string_equal(a->service, b->service);
			assert_true((a->only == NULL) == (b->only == NULL));
		}
		list_end(&l);
	}
}

/* PEER-10, PEER-23: without those that do not count, all others have the verdicts they had. */
static void
PEER_10_PEER_23_failed_and_suspicious_ones_never_count(void **state UNUSED)
{
	struct dice d = { 10 };
	size_t dropped = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct retain_result with;
		struct list l;
		size_t used = 0;

		random_list(&d, &l, MOST);
		for (size_t i = 0; i < l.ask.count; i++)
			for (size_t k = 0; l.items[i].state == BACKUP_FAILED && k < 3; k++)
				l.parts[3 * i + k].good = false;
		list_judge(&l);
		with = l.result;
		for (size_t i = 0; i < l.ask.count; i++)
			if (l.items[i].state != BACKUP_FAILED && !l.items[i].suspicious)
				l.items[used++] = l.items[i];
		dropped += l.ask.count - used;
		l.ask.count = used;
		list_judge(&l);
		for (size_t i = 0; i < used; i++)
			if (l.items[i].health == HEALTH_GOOD)
				assert_true(l.result.verdicts[i].go ==
				    with.verdicts[l.items[i].id - 1].go);
		list_end(&l);
	}
	assert_true(dropped > ROUNDS);
}

/* PEER-18: and without a pin the pinned one goes, or stays, by the rule. */
static void
PEER_18_pinning_one_changes_nothing_for_the_others(void **state UNUSED)
{
	struct dice d = { 18 };
	size_t saved = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct retain_result without;
		struct list l;
		size_t pinned;

		random_list(&d, &l, MOST);
		if (l.ask.count > 0) {
			pinned = (size_t)pick(&d, (int)l.ask.count);
			l.items[pinned].pinned = false;
			list_judge(&l);
			without = l.result;
			l.items[pinned].pinned = true;
			list_judge(&l);
			assert_false(l.result.verdicts[pinned].go);
			saved += without.verdicts[pinned].go;
			for (size_t i = 0; i < l.ask.count; i++)
				if (i != pinned)
					assert_true(l.result.verdicts[i].why ==
					    without.verdicts[i].why);
		}
		list_end(&l);
	}
	assert_true(saved > ROUNDS / 20);
}

/* PEER-19: what a schedule with keeps of its own brought takes nobody's place: without it all the
 * others have the reasons that they had, but for the newest good one, which is of all together. */
static void
PEER_19_a_list_of_its_own_changes_nothing_for_the_others(void **state UNUSED)
{
	static const uint32_t newest = UINT32_C(1) << WHY_NEWEST_GOOD |
	    UINT32_C(1) << WHY_NEWEST_ODD;
	struct dice d = { 19 };
	size_t dropped = 0, differ = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct retain_result with;
		struct list l;
		size_t used = 0;

		random_list(&d, &l, MOST);
		list_judge(&l);
		with = l.result;
		for (size_t i = 0; i < l.ask.count; i++)
			if (retain_keeps_of(&l.ask, &l.items[i]) == NULL)
				l.items[used++] = l.items[i];
		dropped += l.ask.count - used;
		l.ask.count = used;
		list_judge(&l);
		for (size_t i = 0; i < used; i++) {
			const struct retain_verdict *v = &with.verdicts[l.items[i].id - 1];

			assert_int_equal(l.result.verdicts[i].why & ~newest, v->why & ~newest);
		}
		/* The control: counted with the others, they do take places. */
		list_end(&l);
		random_list(&d, &l, MOST);
		list_judge(&l);
		with = l.result;
		l.ask.keeps_count = 0;
		list_judge(&l);
		for (size_t i = 0; i < l.ask.count; i++)
			differ += l.items[i].schedule < 11 &&
			    l.result.verdicts[i].why != with.verdicts[i].why;
		list_end(&l);
	}
	assert_true(dropped > ROUNDS && differ > ROUNDS / 10);
}

/* T25: five hundred in ten minutes push out no more than one does. */
static void
T25_a_flood_of_new_ones_pushes_out_nothing_for_the_minimum_age(void **state UNUSED)
{
	struct dice d = { 500 };

	for (int round = 0; round < ROUNDS / 10; round++) {
		struct retain_result one;
		struct list l;
		size_t old;

		list_begin(&l, NULL, utc(2026, 11, 21, 12, 30));
		random_rule(&d, &l.rule);
		l.rule.min_age_hours = 1 + pick(&d, 48);
		for (int i = 0; i < MOST; i++)
			list_add(&l, random_time(&d, l.ask.now - HOURS(1)));
		old = l.ask.count;
		list_add(&l, l.ask.now);
		list_judge(&l);
		one = l.result;
		for (int i = 0; i < 500; i++)
			list_add(&l, l.ask.now - i * 1000)->kind =
			    i % 2 ? BACKUP_SCHEDULED : BACKUP_ON_DEMAND;
		list_judge(&l);
		for (size_t i = 0; i < old; i++)
			assert_true(one.verdicts[i].go == l.result.verdicts[i].go);
		list_end(&l);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_is_the_one_of_the_oracle),
		cmocka_unit_test(T25_of_100000_histories_none_loses_what_must_stay),
		cmocka_unit_test(T25_control_a_wrong_evaluator_is_found_out),
		cmocka_unit_test(a_looser_rule_never_deletes_more),
		cmocka_unit_test(deleting_what_goes_leaves_nothing_more_to_delete),
		cmocka_unit_test(the_order_of_the_question_does_not_matter),
		cmocka_unit_test(PEER_10_PEER_23_failed_and_suspicious_ones_never_count),
		cmocka_unit_test(PEER_19_a_list_of_its_own_changes_nothing_for_the_others),
		cmocka_unit_test(PEER_18_pinning_one_changes_nothing_for_the_others),
		cmocka_unit_test(
		    T25_a_flood_of_new_ones_pushes_out_nothing_for_the_minimum_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
