/* wrap_test.c: a header for other keys beside an encrypted object: taken only when it is of it. */
#include "tests/unit/aging.h"

#include "worker/dest/wrap.h"

static const char key[] = "x.age", other[] = "y.age";

/* The keys of a day: who is written to from now on. The secret half lies in keys/ by its name. */
static void
new_key(struct aging *g)
{
	agekey_make(&g->key);
	agekey_public_text(g->public, g->key.public);
	AGED(agekey_put(aging_path(g, "keys"), &g->key, &g->e));
	g->keys.needed = g->public;
}

static const char *
identity(struct aging *g, const char *public)
{
	char id[AGEKEY_SHORT];

	agekey_short(id, public);
	return aging_path(g, arena_printf(g->a, "keys/%s.identity", id));
}

static void
away(struct aging *g, const char *public)
{
	assert_int_equal(rename(identity(g, public), aging_path(g, "away")), 0);
}

static void
stored(struct aging *g, const char *name, struct buf *plain)
{
	struct upload_stored lies;

	aging_random(plain, 200000);
	aging_put(&lies, g, name, plain, 1 << 20);
}

/* As the job does it. */
static void
wrap(struct aging *g, const char *name)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_UPLOAD struct upload *up = NULL;

	AGED(wrap_make(&text, g->dest, name, &g->e));
	AGED(dest_begin_as_is(&up, g->dest, wrap_key_for(g->a, name), 1, &g->e));
	AGED(upload_write(up, text.p, text.n, &g->e));
	AGED(upload_commit(&up, &g->e));
}

static enum wrap_found
look(struct aging *g, const char *name, struct err *why)
{
	enum wrap_found found;

	AGED(wrap_look(&found, why, g->dest, name, &g->e));
	return found;
}

static void
must_open(struct aging *g, const char *name, const struct buf *plain)
{
	CLEANUP_BUF struct buf back = BUF_INIT;

	AGED(aging_get(&back, g, name, 1 << 20));
	assert_int_equal(back.n, plain->n);
	assert_memory_equal(back.p, plain->p, plain->n);
}

static void
must_be_refused(struct aging *g, const char *name, const char *words)
{
	CLEANUP_BUF struct buf back = BUF_INIT;

	assert_int_equal(aging_get(&back, g, name, 1 << 20), -1);
	assert_int_equal(g->e.kind, ERR_DENIED);
	if (strstr(g->e.text, words) == NULL || strstr(g->e.text, name) == NULL)
		fail_msg("'%s' is not said: %s", words, g->e.text);
}

/* Two objects of the old key; it is away, and a new one is there. */
struct scene {
	struct buf plain, plain_other;
	char *old;
};

static void
release(struct scene *s)
{
	buf_release(&s->plain);
	buf_release(&s->plain_other);
}

static void
old_objects(struct scene *s, struct aging *g)
{
	aging_dest(g);
	stored(g, key, &s->plain);
	stored(g, other, &s->plain_other);
	s->old = arena_dup(g->a, g->public);
	new_key(g);
	aging_dest(g);
}

static void
T62_the_header_beside_it_opens_what_its_own_does_not(void **state)
{
	struct aging *g = *state;
	CLEANUP(release) struct scene s = { BUF_INIT, BUF_INIT, NULL };
	CLEANUP_BUF struct buf before = BUF_INIT;
	CLEANUP_BUF struct buf after = BUF_INIT;
	struct err why;

	old_objects(&s, g);
	aging_read(&before, g, "store/x.age");
	assert_int_equal(look(g, key, &why), WRAP_NONE);
	wrap(g, key);
	aging_read(&after, g, "store/x.age");
	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.p, after.p, before.n);
	assert_int_equal(look(g, key, &why), WRAP_WHOLE);
	away(g, s.old);
	assert_int_equal(look(g, key, &why), WRAP_WHOLE);
	must_open(g, key, &s.plain);
	/* Control: the one that has none. */
	must_be_refused(g, other, g->public);
	assert_int_equal(look(g, other, &why), WRAP_NONE);
}

/* What is promised is how the object begins, whoever is to open it by now. */
static void
T62_what_is_promised_of_an_object_stays_true_whatever_lies_beside_it(void **state)
{
	struct aging *g = *state;
	CLEANUP_BUF struct buf plain = BUF_INIT;
	CLEANUP_BUF struct buf back = BUF_INIT;
	CLEANUP_BUF struct buf another = BUF_INIT;
	struct upload_stored lies, ignored;
	struct stored_object promised;
	char *old;

	aging_dest(g);
	aging_random(&plain, 200000);
	aging_put(&lies, g, key, &plain, 1 << 20);
	promised = aging_promise(key, &lies);
	old = arena_dup(g->a, g->public);
	new_key(g);
	aging_dest(g);
	wrap(g, key);
	away(g, old);
	AGED(aging_get_stored(&back, g, &promised, 1 << 20));
	assert_memory_equal(back.p, plain.p, plain.n);
	/* Another file with a header that fits it. */
	aging_put(&ignored, g, key, &plain, 1 << 20);
	wrap(g, key);
	aging_dest(g);
	AGED(aging_get(&another, g, key, 1 << 20));
	assert_int_equal(aging_get_stored(&another, g, &promised, 1 << 20), -1);
	assert_int_equal(g->e.kind, ERR_DAMAGED);
	assert_non_null(strstr(g->e.text, "another file lies in its place"));
}

static void
T62_debians_age_opens_it_as_README_says(void **state)
{
	struct aging *g = *state;
	CLEANUP(release) struct scene s = { BUF_INIT, BUF_INIT, NULL };
	CLEANUP_BUF struct buf theirs = BUF_INIT;

	old_objects(&s, g);
	wrap(g, key);
	away(g, s.old);
	AGED(aging_tool(&theirs, g, TOOL("sh", "-c", "{ cat $0.header; tail -c +$(($("
	    "sed '/^--- /q' $0 | wc -c) + 1)) $0; } | age -d -i $1", aging_path(g, "store/x.age"),
	    identity(g, g->public))));
	assert_int_equal(theirs.n, s.plain.n);
	assert_memory_equal(theirs.p, s.plain.p, s.plain.n);
}

static void
T62_the_header_of_another_object_is_refused_with_the_reason(void **state)
{
	struct aging *g = *state;
	CLEANUP(release) struct scene s = { BUF_INIT, BUF_INIT, NULL };
	CLEANUP_BUF struct buf header = BUF_INIT;
	struct err why;

	old_objects(&s, g);
	wrap(g, other);
	aging_read(&header, g, "store/y.age.header");
	aging_write(g, "store/x.age.header", header.p, header.n);
	assert_int_equal(look(g, key, &why), WRAP_BROKEN);
	assert_non_null(strstr(why.text, "of another object"));
	assert_non_null(strstr(why.text, "x.age.header"));
	/* With the old key it is not asked. */
	must_open(g, key, &s.plain);
	away(g, s.old);
	must_be_refused(g, key, "x.age.header, is of no use: it is of another object");
	assert_int_equal(look(g, key, &why), WRAP_BROKEN);
	must_open(g, other, &s.plain_other);
}

static void
T62_every_length_and_any_changed_bit_of_it_is_noticed(void **state)
{
	struct aging *g = *state;
	CLEANUP(release) struct scene s = { BUF_INIT, BUF_INIT, NULL };
	CLEANUP_BUF struct buf header = BUF_INIT;
	struct err why;

	old_objects(&s, g);
	wrap(g, key);
	aging_read(&header, g, "store/x.age.header");
	for (size_t n = 0; n < header.n; n++) {
		aging_write(g, "store/x.age.header", header.p, n);
		assert_int_equal(look(g, key, &why), WRAP_BROKEN);
	}
	for (size_t bit = 0; bit < header.n * 8; bit += 3) {
		header.p[bit / 8] = (char)(header.p[bit / 8] ^ (1 << bit % 8));
		aging_write(g, "store/x.age.header", header.p, header.n);
		if (look(g, key, &why) != WRAP_BROKEN)
			fail_msg("bit %zu of byte %zu", bit % 8, bit / 8);
		header.p[bit / 8] = (char)(header.p[bit / 8] ^ (1 << bit % 8));
	}
	buf_text(&header, "more");
	aging_write(g, "store/x.age.header", header.p, header.n);
	assert_int_equal(look(g, key, &why), WRAP_BROKEN);
	assert_non_null(strstr(why.text, "more than a header"));
	away(g, s.old);
	must_be_refused(g, key, "more than a header");
	aging_write(g, "store/x.age.header", header.p, 100);
	must_be_refused(g, key, "its header is damaged");
	aging_write(g, "store/x.age.header", header.p, header.n - 4);
	must_open(g, key, &s.plain);
}

static void
T62_keys_that_change_twice_need_only_the_one_before(void **state)
{
	struct aging *g = *state;
	CLEANUP(release) struct scene s = { BUF_INIT, BUF_INIT, NULL };
	struct err why;
	char *second;

	old_objects(&s, g);
	wrap(g, key);
	away(g, s.old);
	second = arena_dup(g->a, g->public);
	new_key(g);
	aging_dest(g);
	assert_int_equal(look(g, key, &why), WRAP_OTHERS);
	wrap(g, key);
	assert_int_equal(look(g, key, &why), WRAP_WHOLE);
	away(g, second);
	must_open(g, key, &s.plain);
	/* Who has neither is told which one it takes by now. */
	away(g, g->public);
	g->keys.needed = s.old;
	must_be_refused(g, key, g->public);
	/* And what it says is believed, for nobody here can open it. */
	assert_int_equal(look(g, key, &why), WRAP_WHOLE);
}

static void
T62_the_recovery_key_opens_by_either_header(void **state)
{
	struct aging *g = *state;
	CLEANUP(release) struct scene s = { BUF_INIT, BUF_INIT, NULL };
	CLEANUP_BUF struct buf text = BUF_INIT;
	char secret[AGEKEY_TEXT];
	struct err e;

	old_objects(&s, g);
	away(g, s.old);
	/* Nobody opens it: nothing is made. */
	assert_int_equal(wrap_make(&text, g->dest, key, &e), -1);
	assert_int_equal(e.kind, ERR_DENIED);
	agekey_secret_text(secret, &g->recovery);
	aging_write(g, "keys/recovery.identity", secret, strlen(secret));
	wrap(g, key);
	assert_int_equal(unlink(aging_path(g, "keys/recovery.identity")), 0);
	must_open(g, key, &s.plain);
	assert_int_equal(wrap_make(&text, g->dest, "gone.age", &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
}

static void
who_is_covered_is_told_by_whole_words(void **state)
{
	struct aging *g = *state;
	const char *both = arena_printf(g->a, "%s %s", g->recovery_public, g->public);
	const char *more = arena_printf(g->a, "%sx %s", g->public, g->recovery_public);

	assert_true(wrap_covers(both, &g->keys));
	assert_false(wrap_covers(g->public, &g->keys));
	assert_false(wrap_covers(more, &g->keys));
	assert_false(wrap_covers("", &g->keys));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, aging_set_up, aging_tear_down)
	const struct CMUnitTest tests[] = {
		T(T62_the_header_beside_it_opens_what_its_own_does_not),
		T(T62_what_is_promised_of_an_object_stays_true_whatever_lies_beside_it),
		T(T62_debians_age_opens_it_as_README_says),
		T(T62_the_header_of_another_object_is_refused_with_the_reason),
		T(T62_every_length_and_any_changed_bit_of_it_is_noticed),
		T(T62_keys_that_change_twice_need_only_the_one_before),
		T(T62_the_recovery_key_opens_by_either_header),
		T(who_is_covered_is_told_by_whole_words),
	};

	return cmocka_run_group_tests_name("wrap", tests, NULL, NULL);
}
