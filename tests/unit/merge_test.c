/* merge_test.c: files that are added on top of what is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/files_scene.h"

/* SET-10 */
static void
SET_10_add_purges_nothing_and_keeps_what_it_replaces(void **state)
{
	struct place *place = *state;
	const char *mark;

	pack_source(place);
	/* A folder where the backup has a file, and the other way round. */
	shell(place, "cd srv/media; mkdir img/link; echo in > img/link/in; echo f > empty");
	SCENE(s, place, RESTORE_ADD);
	shell(place, LIST "list srv/media > before");
	mark = build(&s);
	shell(place, LIST "list srv/media | cmp - before");
	assert_true(swap(&s, mark) > 0);
	shell(place, "cd srv/media; test $(cat img/a) = restored; test $(cat img/gone) = gone;"
	             "test $(cat doc/d) = doc; test $(cat new/n) = n; test new/n -ef new/m;"
	             "test $(readlink img/link) = a; test -d empty;"
	             "test $(stat -c %a .) = 750; test -e $'img/\\xff\\xfe';"
	             "cd ../.media.20261125r7p12.old; test $(cat img/a) = old;"
	             "test $(cat img/link/in) = in; test $(cat empty) = f; test ! -e doc;"
	             "test ! -e ../.media.20261125r7p12.new");
	shell(place, LIST "list srv/media > after");
	swap(&s, mark);
	shell(place, LIST "list srv/media | cmp - after");
	drop(&s);
	shell(place, LIST "list srv/media | cmp - after; test $(ls -A srv) = media");
}

/* SET-10 */
static void
SET_10_add_brings_back_only_what_is_chosen(void **state)
{
	struct place *place = *state;
	const char *const choice[] = { "new/m" };

	pack_source(place);
	SCENE(s, place, RESTORE_ADD);
	s.target.choice = choice;
	s.target.choice_count = 1;
	swap(&s, build(&s));
	shell(place, "cd srv/media; test $(cat new/m) = n; test ! -e new/n;"
	             "test $(cat img/a) = old");
}

static void
add_into_a_root_that_is_missing_makes_it(void **state)
{
	struct place *place = *state;

	pack_source(place);
	shell(place, LIST "list source > wanted; rm -r srv/media");
	SCENE(s, place, RESTORE_ADD);
	assert_int_equal(swap(&s, build(&s)), 0);
	shell(place, LIST "list srv/media | cmp - wanted");
}

static void
refused_for_a_link(struct landing_scene *s, const char *link)
{
	struct target_built built;
	struct err e = { .text = "" };
	const char *refusal = look(s).refusal;

	if (refusal == NULL || strstr(refusal, link) == NULL)
		fail_msg("%s is not in: %s", link, refusal != NULL ? refusal : "(nothing)");
	assert_int_equal(files->build(&built, &s->target, &s->from, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_string_equal(e.text, refusal);
}

/* The application keeps its uploads elsewhere, behind a link. */
static void
SET_10_nothing_is_added_through_a_link_or_in_its_place(void **state)
{
	struct place *place = *state;
	const char *const below[] = { "up/sub/deep" }, *const apart[] = { "img", "doc" };
	struct err e = { .text = "" };
	const char *mark;
	int64_t kept;

	shell(place, "mkdir -p source/up/sub source/doc elsewhere/sub; echo b > source/up/sub/deep;"
	             "echo b > source/doc/d; echo mine > elsewhere/f;"
	             "ln -s ../../elsewhere srv/media/up");
	pack_source(place);
	SCENE(s, place, RESTORE_ADD);
	shell(place, LIST "list srv | grep -v '^ d' > before; list elsewhere > away");
	refused_for_a_link(&s, "'up' is a symbolic link");
	s.target.choice = below;
	s.target.choice_count = 1;
	refused_for_a_link(&s, "'up' is a symbolic link");
	shell(place, LIST "list srv | grep -v '^ d' | cmp - before;"
	                  "list elsewhere | cmp - away");
	/* Wherever it leads, and also when it is not the first on the way. */
	shell(place, "cd srv/media; rm up; mkdir up; ln -s nowhere up/sub");
	refused_for_a_link(&s, "'up/sub' is a symbolic link");
	shell(place, "cd srv/media; rm -r up; ln -s ../../elsewhere up");
	/* What does not lead through it can be added. */
	s.target.choice = apart;
	s.target.choice_count = 2;
	assert_null(look(&s).refusal);
	swap(&s, build(&s));
	shell(place, "test $(cat srv/media/img/a) = restored; test -L srv/media/up");
	drop(&s);
	/* A link that came after the look: nothing at all is added. */
	s.target.choice_count = 0;
	shell(place, "rm srv/media/up; echo old > srv/media/img/a");
	mark = build(&s);
	shell(place, "ln -s ../../elsewhere srv/media/up");
	assert_int_equal(files->swap(&kept, &s.target, mark, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	shell(place, LIST "list elsewhere | cmp - away; test $(cat srv/media/img/a) = old;"
	                  "test ! -e srv/media/new; test -L srv/media/up");
	/* When it is gone, it goes on. */
	shell(place, "rm srv/media/up");
	swap(&s, mark);
	shell(place, "cd srv/media; test $(cat up/sub/deep) = b; test $(cat img/a) = restored");
	drop(&s);
	/* To replace exchanges the whole folder, the link with it. */
	s.target.mode = RESTORE_REPLACE;
	shell(place, "rm -r srv/media/up; ln -s ../../elsewhere srv/media/up");
	assert_null(look(&s).refusal);
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up_srv, tear_down)
	const struct CMUnitTest tests[] = {
		T(SET_10_add_purges_nothing_and_keeps_what_it_replaces),
		T(SET_10_add_brings_back_only_what_is_chosen),
		T(add_into_a_root_that_is_missing_makes_it),
		T(SET_10_nothing_is_added_through_a_link_or_in_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
