/* model_test.c: words, legal moves, names, rights, settings of services. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/model/backup.h"
#include "lib/model/download.h"
#include "lib/model/job.h"
#include "lib/model/name.h"
#include "lib/model/project.h"
#include "lib/model/right.h"

#define EACH_WORD(type, count, prefix) do { \
	for (int i_ = 0; i_ < (int)(count); i_++) { \
		enum type back_ = (enum type)-1; \
		assert_true(prefix##_parse(&back_, prefix##_name((enum type)i_))); \
		assert_int_equal(back_, i_); \
	} \
	enum type none_; \
	assert_false(prefix##_parse(&none_, "no such word")); \
	assert_false(prefix##_parse(&none_, "")); \
	assert_false(prefix##_parse(&none_, NULL)); \
	assert_string_equal(prefix##_name((enum type)(count)), "unknown"); \
} while (0)

static void
every_word_comes_back_as_its_value(void **state UNUSED)
{
	EACH_WORD(job_kind, JOB_KINDS, job_kind);
	EACH_WORD(job_state, JOB_STATES, job_state);
	EACH_WORD(backup_state, BACKUP_STATES, backup_state);
	EACH_WORD(backup_kind, BACKUP_KINDS, backup_kind);
	EACH_WORD(backup_health, HEALTHS, backup_health);
	EACH_WORD(download_state, DOWNLOAD_STATES, download_state);
	EACH_WORD(download_format, DOWNLOAD_FORMATS, download_format);
	EACH_WORD(environment_kind, ENV_KINDS, environment_kind);
	EACH_WORD(engine, ENGINES, engine);
	EACH_WORD(role, ROLES, role);
	assert_string_equal(engine_title(ENGINE_POSTGRESQL), "PostgreSQL");
	assert_string_equal(right_name(RIGHT_CONFIGURE), "configure");
	assert_string_equal(right_name(RIGHTS), "unknown");
	assert_true(engine_is_media(ENGINE_FILES));
	assert_false(engine_is_media(ENGINE_SQLITE));
}

/* The whole table stands here a second time, as people would write it down. */
static void
a_job_moves_only_as_the_table_says(void **state UNUSED)
{
	static const char *const legal[] = {
		"queued running",
		"queued cancelled",
		"running queued",
		"running succeeded",
		"running failed",
		"running cancelled",
	};
	size_t found = 0;

	for (int f = 0; f < JOB_STATES; f++)
		for (int t = 0; t < JOB_STATES; t++) {
			char move[40];
			bool wanted = false;

			snprintf(move, sizeof move, "%s %s", job_state_name((enum job_state)f),
			    job_state_name((enum job_state)t));
			for (size_t i = 0; i < sizeof legal / sizeof *legal; i++)
				wanted = wanted || strcmp(legal[i], move) == 0;
			assert_int_equal(job_may_go((enum job_state)f, (enum job_state)t), wanted);
			found += wanted;
		}
	assert_int_equal(found, sizeof legal / sizeof *legal);
	assert_false(job_may_go(JOB_STATES, JOB_QUEUED));
	assert_true(job_ended(JOB_CANCELLED) && job_ended(JOB_FAILED) && job_ended(JOB_SUCCEEDED));
	assert_false(job_ended(JOB_QUEUED) || job_ended(JOB_RUNNING));
}

static void
a_backup_moves_only_as_the_table_says(void **state UNUSED)
{
	static const char *const legal[] = {
		"building ready",
		"building failed",
		"ready trashed",
		"failed trashed",
		"trashed ready",
		"trashed failed",
		"trashed deleted",
	};
	size_t found = 0;

	for (int f = 0; f < BACKUP_STATES; f++)
		for (int t = 0; t < BACKUP_STATES; t++) {
			char move[40];
			bool wanted = false;

			snprintf(move, sizeof move, "%s %s",
			    backup_state_name((enum backup_state)f),
			    backup_state_name((enum backup_state)t));
			for (size_t i = 0; i < sizeof legal / sizeof *legal; i++)
				wanted = wanted || strcmp(legal[i], move) == 0;
			assert_int_equal(backup_may_go((enum backup_state)f, (enum backup_state)t),
			    wanted);
			found += wanted;
		}
	assert_int_equal(found, sizeof legal / sizeof *legal);
	assert_false(backup_may_go(BACKUP_READY, BACKUP_STATES));
}

static void
a_download_never_comes_back_from_its_end(void **state UNUSED)
{
	int moves = 0;

	for (int f = 0; f < DOWNLOAD_STATES; f++)
		for (int t = 0; t < DOWNLOAD_STATES; t++)
			moves += download_may_go((enum download_state)f, (enum download_state)t);
	assert_int_equal(moves, 4);
	assert_true(download_may_go(DOWNLOAD_PREPARING, DOWNLOAD_READY));
	assert_true(download_may_go(DOWNLOAD_PREPARING, DOWNLOAD_FAILED));
	assert_true(download_may_go(DOWNLOAD_READY, DOWNLOAD_EXPIRED));
	assert_true(download_may_go(DOWNLOAD_READY, DOWNLOAD_REVOKED));
}

/* A whole word of a list: "restore" is not in "restore-to-live". */
static bool
has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += n)
		if ((at == list || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
			return true;
	return false;
}

static void
rights_are_bundled_by_role(void **state UNUSED)
{
	static const char *const table[ROLES] = {
		[ROLE_VIEWER] = "none view", [ROLE_OPERATOR] = "none view backup download restore",
		[ROLE_ADMIN] = ("none view backup download restore restore-to-live delete"
		                " configure administer"),
	};

	for (int role = 0; role < ROLES; role++)
		for (int right = 0; right < RIGHTS; right++)
			assert_int_equal(role_has((enum role)role, (enum right)right),
			    has_word(table[role], right_name((enum right)right)));
	assert_false(role_has(ROLES, RIGHT_VIEW));
	assert_true(role_has(ROLES, RIGHT_NONE));
}

static void
slugs_are_short_lower_case_and_begin_and_end_well(void **state UNUSED)
{
	static const char *const good[] = { "a", "shop", "shop-2", "0", "a--b",
		"0123456789012345678901234567890123456789" };
	static const char *const bad[] = { "", "-a", "a-", "A", "a b", "a/b", "..", "ä", "a\n",
		"a_b", "01234567890123456789012345678901234567890" };
	struct err e;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(name_check_slug(good[i], &e), 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(name_check_slug(bad[i], &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
	}
}

/* DIV-7: a note has at most 500 characters, not bytes. */
static void
DIV_7_notes_are_counted_in_characters(void **state UNUSED)
{
	char note[2100] = "";
	struct err e;

	for (int i = 0; i < 500; i++)
		memcpy(note + 2 * i, "ü", 3);
	assert_int_equal(name_check_note(note, &e), 0);
	memcpy(note + 1000, "ü", 3);
	assert_int_equal(name_check_note(note, &e), -1);
	assert_string_equal(e.text, "Note is 501 characters; the limit is 500");
	assert_int_equal(name_check_note("two\r\nlines <script>", &e), 0);
	assert_int_equal(name_check_note("bell\a", &e), -1);
	assert_int_equal(name_check_note("bad \xff utf", &e), -1);
	assert_int_equal(name_check_note("", &e), 0);
}

static void
titles_are_one_line_of_text(void **state UNUSED)
{
	char longer[NAME_TEXT_MAX + 2];
	struct err e;

	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	assert_int_equal(name_check_title("Name", "Müller's Shop", &e), 0);
	assert_int_equal(name_check_title("Name", "  ", &e), -1);
	assert_string_equal(e.text, "Name is missing");
	assert_int_equal(name_check_title("Name", "a\nb", &e), -1);
	assert_int_equal(name_check_title("Name", longer, &e), -1);
	assert_string_equal(e.text, "Name is 101 characters; the limit is 100");
}

static void
addresses_that_could_carry_a_header_are_refused(void **state UNUSED)
{
	static const char *const good[] = { "a@x", "admin@example.org", "a.b+c@mail-1.example.org",
		"A@B.CO", "o'neil@example.org" };
	static const char *const bad[] = { "", "a", "@x", "a@", "x@@y", "a b@x", "a@x y",
		"a@x\r\nBcc: b@y", "<a@x>", "\"a\"@x", "a,b@x", "a@-x", "a@x-", "a@x..y", "a@.x",
		"a@x.", ".a@x", "a.@x", "a..b@x", "ä@x", "a@[1.2.3.4]", "a;b@x", "a\x7f@x",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@x" };
	char longer[300];
	struct err e;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(name_check_email(good[i], &e), 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (name_check_email(bad[i], &e) == 0)
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(e.kind, ERR_INPUT);
		assert_null(strpbrk(e.text, "\r\n"));
	}
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	longer[1] = '@';
	assert_int_equal(name_check_email(longer, &e), -1);
	assert_int_equal(name_check_email("x@", &e), -1);
	assert_string_equal(e.text, "x@ is not an e-mail address");
}

static void
short_ids_are_read_with_and_without_their_letter(void **state UNUSED)
{
	char text[NAME_ID_SIZE];
	int64_t n = 0;

	name_id(text, NAME_BACKUP, 101);
	assert_string_equal(text, "b101");
	assert_true(name_id_parse(&n, NAME_BACKUP, "b101"));
	assert_int_equal(n, 101);
	assert_true(name_id_parse(&n, NAME_JOB, "412"));
	assert_int_equal(n, 412);
	name_id(text, NAME_DOWNLOAD, 1000000000000000);
	assert_true(name_id_parse(&n, NAME_DOWNLOAD, text));
	assert_int_equal(n, 1000000000000000);
	assert_false(name_id_parse(&n, NAME_JOB, "b101"));
	assert_false(name_id_parse(&n, NAME_BACKUP, "b0"));
	assert_false(name_id_parse(&n, NAME_BACKUP, "0101"));
	assert_false(name_id_parse(&n, NAME_BACKUP, "b-1"));
	assert_false(name_id_parse(&n, NAME_BACKUP, "bb1"));
	assert_false(name_id_parse(&n, NAME_BACKUP, ""));
	assert_false(name_id_parse(&n, NAME_BACKUP, NULL));
	assert_false(name_id_parse(&n, NAME_BACKUP, "99999999999999999999"));
}

static void
settings_come_back_from_json_as_they_went(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct service_settings in = { .host = "db \"1\"",
		.port = "5432",
		.database = "shöp",
		.user = "u\\",
		.tls = "prefer" };
	struct service_settings out;
	struct err e;

	assert_int_equal(service_settings_parse(&out, a, ENGINE_POSTGRESQL,
	    service_settings_json(a, ENGINE_POSTGRESQL, &in), &e), 0);
	assert_string_equal(out.host, in.host);
	assert_string_equal(out.database, in.database);
	assert_string_equal(out.user, in.user);
	assert_string_equal(out.path, "");
	in = (struct service_settings){ .roots = " /srv/a \r\n\r\n/srv/b b\r\n", .excludes = "" };
	assert_int_equal(service_settings_parse(&out, a, ENGINE_FILES,
	    service_settings_json(a, ENGINE_FILES, &in), &e), 0);
	assert_string_equal(out.roots, "/srv/a\n/srv/b b");
	assert_string_equal(out.excludes, "");
}

static void
settings_of_another_engine_or_kind_are_refused(void **state UNUSED)
{
	static const char *const bad[] = { "", "[]", "{\"path\":1}", "{\"host\":\"x\"}",
		"{\"path\":\"a\",\"path\":\"b\"}", "{\"path\":\"a\"", "{\"path\":\"a\\u0000b\"}",
		"null" };
	CLEANUP_ARENA struct arena *a = arena_new();
	struct service_settings out;
	struct err e;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(service_settings_parse(&out, a, ENGINE_SQLITE, bad[i], &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
	}
	assert_int_equal(service_settings_parse(&out, a, ENGINE_SQLITE, "{\"pahts\":\"x\"}", &e),
	    -1);
	assert_string_equal(e.text, "a service of kind sqlite has no setting \"pahts\"");
}

static size_t
check(struct arena *a, enum engine engine, struct service_settings s,
    struct field_error out[SERVICE_ERRORS_MAX])
{
	return service_settings_check(out, a, engine, &s);
}

static void
each_wrong_setting_has_its_sentence(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct field_error out[SERVICE_ERRORS_MAX];
	struct service_settings pg = { .host = "localhost",
		.port = "5432",
		.database = "d",
		.user = "u",
		.tls = "prefer" };

	assert_int_equal(check(a, ENGINE_POSTGRESQL, pg, out), 0);
	pg.port = "65536";
	assert_int_equal(check(a, ENGINE_POSTGRESQL, pg, out), 1);
	assert_string_equal(out[0].field, "port");
	assert_string_equal(out[0].text, "Port must be 1–65535");
	pg.host = "a b";
	pg.user = "x\ny";
	pg.database = NULL;
	pg.tls = "maybe";
	assert_int_equal(check(a, ENGINE_POSTGRESQL, pg, out), 5);
	assert_int_equal(check(a, ENGINE_SQLITE, (struct service_settings){ .path = "/srv/x.db" },
	                     out),
	    0);
	assert_int_equal(check(a, ENGINE_SQLITE, (struct service_settings){ .path = "x.db" }, out),
	    1);
	assert_string_equal(out[0].text, "The path must be absolute: begin with /");
	assert_int_equal(check(a, ENGINE_SQLITE,
	                     (struct service_settings){ .path = "/srv/../etc/x" }, out),
	    1);
	assert_int_equal(check(a, ENGINE_SQLITE, (struct service_settings){ .path = "/srv/x/" },
	                     out),
	    1);
	assert_int_equal(check(a, ENGINE_SQLITE, (struct service_settings){ .path = "/srv/\x01" },
	                     out),
	    1);
	assert_int_equal(check(a, ENGINE_SQLITE, (struct service_settings){ .path = "" }, out), 1);
	assert_string_equal(out[0].text, "Enter the path of the database file");
}

static void
folders_that_would_be_stored_twice_are_refused(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct field_error out[SERVICE_ERRORS_MAX];
	struct service_settings s = { .roots = "/srv/a\r\n/srv/ab\r\n",
		.excludes = "*.tmp\ncache/*" };
	char many[800] = "", *p = many;

	assert_int_equal(check(a, ENGINE_FILES, s, out), 0);
	s.roots = "/srv/a\n/srv/a/b/";
	assert_int_equal(check(a, ENGINE_FILES, s, out), 1);
	assert_string_equal(out[0].text, "/srv/a/b/ lies in /srv/a: it would be stored twice");
	s.roots = "/srv/a\n/srv/a";
	assert_int_equal(check(a, ENGINE_FILES, s, out), 1);
	s.roots = "/\n/srv";
	assert_int_equal(check(a, ENGINE_FILES, s, out), 1);
	s.roots = " \r\n ";
	assert_int_equal(check(a, ENGINE_FILES, s, out), 1);
	assert_string_equal(out[0].text, "Enter at least one folder");
	s.roots = "/srv/a\nrelative";
	assert_int_equal(check(a, ENGINE_FILES, s, out), 1);
	assert_string_equal(out[0].text, "The path relative must be absolute: begin with /");
	for (int i = 0; i < 101; i++)
		p += snprintf(p, 8, "/r%d\n", i);
	s.roots = many;
	s.excludes = many;
	assert_int_equal(check(a, ENGINE_FILES, s, out), 2);
	s.roots = "/r";
	s.excludes = "a\x02";
	assert_int_equal(check(a, ENGINE_FILES, s, out), 1);
	assert_string_equal(out[0].field, "excludes");
}

static void
a_pattern_whose_bracket_nothing_closes_is_refused(void **state UNUSED)
{
	static const char *const fine[] = { "[a-z]*.tmp", "[]]", "[!]]", "[[:digit:]]", "\\[", "a]",
		"[\\]]", "[[.-.]]", "[[]" };
	static const char *const open[] = { "[", "a[", "[]", "[!]", "[[:digit:]", "[a\\]",
		"[a]/[b" };
	CLEANUP_ARENA struct arena *a = arena_new();
	struct field_error out[SERVICE_ERRORS_MAX];
	struct service_settings s = { .roots = "/srv/a" };

	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
		s.excludes = fine[i];
		assert_int_equal(check(a, ENGINE_FILES, s, out), 0);
	}
	for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
		s.excludes = open[i];
		assert_int_equal(check(a, ENGINE_FILES, s, out), 1);
		assert_string_equal(out[0].field, "excludes");
	}
	s.excludes = "*.tmp\n[";
	assert_int_equal(check(a, ENGINE_FILES, s, out), 1);
	assert_string_equal(out[0].text, "The pattern [ has no closing bracket");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_comes_back_as_its_value),
		cmocka_unit_test(a_job_moves_only_as_the_table_says),
		cmocka_unit_test(a_backup_moves_only_as_the_table_says),
		cmocka_unit_test(a_download_never_comes_back_from_its_end),
		cmocka_unit_test(rights_are_bundled_by_role),
		cmocka_unit_test(slugs_are_short_lower_case_and_begin_and_end_well),
		cmocka_unit_test(DIV_7_notes_are_counted_in_characters),
		cmocka_unit_test(titles_are_one_line_of_text),
		cmocka_unit_test(addresses_that_could_carry_a_header_are_refused),
		cmocka_unit_test(short_ids_are_read_with_and_without_their_letter),
		cmocka_unit_test(settings_come_back_from_json_as_they_went),
		cmocka_unit_test(settings_of_another_engine_or_kind_are_refused),
		cmocka_unit_test(each_wrong_setting_has_its_sentence),
		cmocka_unit_test(folders_that_would_be_stored_twice_are_refused),
		cmocka_unit_test(a_pattern_whose_bracket_nothing_closes_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
