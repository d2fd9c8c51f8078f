/* tzif_test.c: time zone files that are damaged or forged, and the rule at their end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "lib/model/tzif.h"
#include "lib/model/tzrule.h"
#include "tests/unit/zones.h"

/* What a file is made of. */
struct made {
	char version;
	int ut, standard, leaps, types, characters;
	int changes;
	int64_t at[4];
	unsigned char type[4];
	int32_t offset[4];
	unsigned char summer[4], name[4];
	const char *rule;         /* with its line ends */
};

#define PLAIN { .version = '2', .types = 1, .characters = 4, .rule = "\nUTC0\n" }

static void
big(struct buf *b, int64_t n, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--)
		buf_char(b, (char)(i < 8 ? (uint64_t)n >> (8 * i) & 0xff : 0));
}

static void
block(struct buf *b, const struct made *m, bool empty)
{
	int counts[6] = { m->ut, m->standard, m->leaps, m->changes, m->types, m->characters };

	buf_text(b, "TZif");
	buf_char(b, m->version);
	big(b, 0, 15);
	for (int i = 0; i < 6; i++)
		big(b, empty ? 0 : counts[i], 4);
}

static void
make_file(struct buf *b, const struct made *m)
{
	buf_clear(b);
	block(b, m, true);
	block(b, m, false);
	for (int i = 0; i < m->changes && i < 4; i++)
		big(b, m->at[i], 8);
	for (int i = 0; i < m->changes && i < 4; i++)
		buf_char(b, (char)m->type[i]);
	for (int i = 0; i < m->types && i < 4; i++) {
		big(b, m->offset[i], 4);
		buf_char(b, (char)m->summer[i]);
		buf_char(b, (char)m->name[i]);
	}
	buf_add(b, "UTC\0DST\0\0\0", (size_t)m->characters);
	big(b, 0, 12 * m->leaps + m->standard + m->ut);
	buf_text(b, m->rule);
}

static int
read_made(struct zone **ret, struct arena *a, const struct made *m, struct err *e)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	make_file(&b, m);
	return zone_read(ret, a, "Made/Up", b.p, b.n, e);
}

static void
refused(struct arena *a, struct made m, const char *why)
{
	struct zone *z = NULL;
	struct err e = { 0 };
	char text[200];

	snprintf(text, sizeof text, "Time zone Made/Up: %s", why);
	assert_int_equal(read_made(&z, a, &m, &e), -1);
	assert_string_equal(e.text, text);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_null(z);
}

static void
each_fault_of_a_file_has_its_sentence(void **state)
{
	static const char counts[] = "damaged: its counts do not fit each other";
	static const char type[] = "damaged: a local time is impossible";
	struct made m = PLAIN, fine = m;
	struct zone *z;
	struct err e;

	assert_int_equal(read_made(&z, *state, &fine, &e), 0);
	m.version = '\0';
	refused(*state, m, "a time zone file of a version before 2");
	m = fine, m.leaps = 1;
	refused(*state, m, "a time zone that counts leap seconds");
	m = fine, m.types = 0;
	refused(*state, m, counts);
	m = fine, m.types = 257;
	refused(*state, m, counts);
	m = fine, m.characters = 0;
	refused(*state, m, counts);
	m = fine, m.ut = 2;
	refused(*state, m, counts);
	m = fine, m.standard = 2;
	refused(*state, m, counts);
	m = fine, m.changes = TZIF_CHANGES_MAX + 1;
	refused(*state, m, "damaged: it counts too many entries");
	m = fine, m.changes = TZIF_CHANGES_MAX;
	refused(*state, m, "damaged: it ends too early");
	m = fine, m.changes = 2, m.at[0] = 5, m.at[1] = 5;
	refused(*state, m, "damaged: its changes are out of order");
	m = fine, m.changes = 1, m.type[0] = 1;
	refused(*state, m, "damaged: a change leads nowhere");
	m = fine, m.offset[0] = 26 * 3600;
	refused(*state, m, type);
	m = fine, m.offset[0] = INT32_MIN;
	refused(*state, m, type);
	m = fine, m.summer[0] = 2;
	refused(*state, m, type);
	m = fine, m.name[0] = 4;
	refused(*state, m, type);
	m = fine, m.rule = "\nUTC0";
	refused(*state, m, "damaged: its last line is missing");
	m = fine, m.rule = "UTC0\n";
	refused(*state, m, "damaged: its last line is missing");
	m = fine, m.rule = "";
	refused(*state, m, "damaged: its last line is missing");
	m = fine, m.rule = "\nnonsense\n";
	refused(*state, m, "damaged: its last line is no rule");
	m = fine, m.ut = m.standard = 1, m.rule = "\n\n";
	assert_int_equal(read_made(&z, *state, &m, &e), 0);
}

static void
what_is_no_time_zone_is_refused(void **state)
{
	static char large[TZIF_FILE_MAX + 1] = "TZif2";
	struct zone *z;
	struct err e;

	assert_int_equal(zone_read(&z, *state, "Made/Up", "", 0, &e), -1);
	assert_string_equal(e.text, "Time zone Made/Up: not a time zone file");
	assert_int_equal(zone_read(&z, *state, "Made/Up", large, sizeof large, &e), -1);
	assert_string_equal(e.text, "Time zone Made/Up: too large for a time zone file");
	assert_int_equal(zone_load(&z, *state, ZONE_FOLDER, "zone", &e), -1);
	assert_int_equal(zone_load(&z, *state, "/etc", "passwd", &e), -1);
	assert_string_equal(e.text, "Time zone passwd: not a time zone file");
}

static void
files_with_leap_seconds_are_refused(void **state)
{
	struct zone *z;
	struct err e;

	assert_int_equal(zone_load(&z, *state, ZONE_FOLDER, "right/Europe/Zurich", &e), -1);
	assert_true(e.kind == ERR_NOT_FOUND ||
	    strcmp(e.text, "Time zone right/Europe/Zurich: a time zone that counts leap seconds")
	    == 0);
}

/* Cut anywhere or with any byte changed, a real file is refused or gives spans without a hole. */
static void
damage_anywhere_does_no_harm(void **state)
{
	static const unsigned char masks[] = { 0xff, 0x80, 0x01 };
	CLEANUP_BUF struct buf b = BUF_INIT;
	int refused_cuts = 0;
	struct err e;

	assert_int_equal(fd_read_file(&b, ZONE_FOLDER "/Australia/Lord_Howe", TZIF_FILE_MAX,
	    &e), 0);
	for (size_t n = 0; n < b.n; n++) {
		CLEANUP_ARENA struct arena *a = arena_new();
		struct zone *z;

		refused_cuts += zone_read(&z, a, "Cut", b.p, n, &e) != 0;
	}
	assert_int_equal(refused_cuts, b.n);
	for (size_t i = 0; i < b.n * sizeof masks; i++) {
		CLEANUP_ARENA struct arena *a = arena_new();
		char *byte = &b.p[i / sizeof masks], before = *byte;
		struct zone *z;
		struct zone_span s;
		int64_t found[2], at = ZONE_BEGIN;

		*byte = (char)(before ^ (char)masks[i % sizeof masks]);
		if (zone_read(&z, a, "Changed", b.p, b.n, &e) == 0)
			for (zone_span(&s, z, at); s.until < ZONE_END; at = s.until) {
				zone_span(&s, z, at);
				assert_true(s.from == at && s.until > s.from);
				assert_in_range(zone_instants(found, z, s.from), 0, 2);
			}
		*byte = before;
	}
	assert_non_null(*state);
}

static void
times_before_the_first_change_are_of_the_first_type(void **state)
{
	struct made m = PLAIN;
	struct zone_span s;
	struct zone *z;
	struct err e;

	m.changes = m.types = 2;
	m.characters = 8;
	m.at[0] = -(INT64_C(1) << 59);      /* such entries were in files once */
	m.at[1] = 1000;
	m.type[1] = 1;
	m.offset[1] = 3600;
	m.summer[1] = 1;
	m.name[1] = 4;
	m.rule = "\n\n";
	assert_int_equal(read_made(&z, *state, &m, &e), 0);
	zone_span(&s, z, 999999);
	assert_true(s.offset == 0 && !s.summer && s.from == ZONE_BEGIN && s.until == 1000000);
	assert_string_equal(s.name, "UTC");
	zone_span(&s, z, 1000000);
	assert_true(s.offset == 3600 && s.summer && s.before == 0 && s.until == ZONE_END);
	assert_string_equal(s.name, "DST");
	/* What changes beyond the years that are looked at is left out. */
	m.at[1] = INT64_MAX;
	assert_int_equal(read_made(&z, *state, &m, &e), 0);
	zone_span(&s, z, INT64_MAX);
	assert_true(s.offset == 0 && s.from == ZONE_BEGIN);
}

/* The example of RFC 8536: summer from 1 January 0:00 to 31 December 24:00 of its own time. */
static void
summer_all_year_has_no_changes(void **state)
{
	struct made m = PLAIN;
	struct zone_span s;
	struct zone *z;
	struct err e;
	int64_t at;

	m.rule = "\nXXX3EDT4,0/0,J365/23\n";
	assert_int_equal(read_made(&z, *state, &m, &e), 0);
	zone_span(&s, z, local_of("1980-06-01T00:00"));
	assert_true(s.offset == -4 * 3600 && s.summer);
	assert_false(zone_next_change(&at, z, local_of("1980-06-01T00:00")));
}

static void
rules_are_read_or_refused(void **state UNUSED)
{
	static const char *const good[] = { "UTC0", "CET-1CEST,M3.5.0,M10.5.0/3",
		"EST5EDT,M3.2.0,M11.1.0", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
		"IST-1GMT0,M10.5.0,M3.5.0/1", "<-03>3", "<+0545>-5:45",
		"NZST-12NZDT,M9.5.0,M4.1.0/3", "EET-2EEST,M3.4.4/50,M10.4.4/50",
		"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "AAA+3", "AAA3BBB,J60,J300",
		"AAA3BBB,59/0,300/1:30:15", "AAA3BBB2:30,0,365",
		"AAA24BBB-24,M1.1.0/-167,M12.5.6/167", "CST6CDT5,M3.2.0,M11.1.0" };
	static const char *const bad[] = { "", "U", "UT", "UTC", "UTC0 ", "UTC25", "UTC0:60",
		"UTC0:00:60", "UTC0:", "UTC--1", "UT1", "<UTC0", "<UT>0", "<>0", "<a/b>0",
		"CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0,",
		"CET-1CEST,M3.5.0,M10.5.0,", "CET-1CEST,M0.5.0,M10.5.0",
		"CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.0.0,M10.5.0",
		"CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0",
		"CET-1CEST,M3.5,M10.5.0", "CET-1CEST,J0,J300", "CET-1CEST,J366,J300",
		"CET-1CEST,366,300", "CET-1CEST,M3.5.0/168,M10.5.0",
		"CET-1CEST,M3.5.0/,M10.5.0", "CET-1CEST,X,M10.5.0", "CET-1CEST2500,0,1",
		"ABCDEFGHIJKLMNOP0", "UTC0\xff", "0", ",", "CET-1<CEST,M3.5.0,M10.5.0" };
	struct tzrule r;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!tzrule_read(&r, good[i], strlen(good[i])))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (tzrule_read(&r, bad[i], strlen(bad[i])))
			fail_msg("%s is taken", bad[i]);
	assert_false(tzrule_read(&r, "UTC0\0", 5));
}

static void
the_days_of_a_rule_are_found_in_each_year(void **state UNUSED)
{
	static const struct {
		const char *rule;
		int year;
		const char *begin, *end;   /* UTC */
	} cases[] = {
		{ "CET-1CEST,M3.5.0,M10.5.0/3", 2026, "2026-03-29T01:00", "2026-10-25T01:00" },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", 2030, "2030-03-31T01:00", "2030-10-27T01:00" },
		{ "EST5EDT,M3.2.0,M11.1.0", 2026, "2026-03-08T07:00", "2026-11-01T06:00" },
		{ "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 2026, "2026-10-03T15:30",
		    "2026-04-04T15:00" },
		{ "IST-1GMT0,M10.5.0,M3.5.0/1", 2026, "2026-10-25T01:00", "2026-03-29T01:00" },
		{ "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 2026, "2026-03-29T01:00", "2026-10-25T01:00" },
		{ "EET-2EEST,M3.4.4/50,M10.4.4/50", 2026, "2026-03-28T00:00", "2026-10-23T23:00" },
		{ "AAA0BBB,J59/0,J60/0", 2028, "2028-02-28T00:00", "2028-02-29T23:00" },
		{ "AAA0BBB,J60/0,J365/0", 2028, "2028-03-01T00:00", "2028-12-30T23:00" },
		{ "AAA0BBB,59/0,365/0", 2028, "2028-02-29T00:00", "2028-12-30T23:00" },
		{ "AAA0BBB,M2.5.2/0,M2.4.2/0", 2028, "2028-02-29T00:00", "2028-02-21T23:00" },
		{ "AAA0BBB,M2.5.2/0,M2.4.2/0", 2026, "2026-02-24T00:00", "2026-02-23T23:00" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tzrule r;
		int64_t begin, end;

		assert_true(tzrule_read(&r, cases[i].rule, strlen(cases[i].rule)));
		tzrule_year(&begin, &end, &r, cases[i].year);
		if (begin * 1000 != local_of(cases[i].begin) ||
		    end * 1000 != local_of(cases[i].end))
			fail_msg("%s in %d", cases[i].rule, cases[i].year);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(each_fault_of_a_file_has_its_sentence),
		IN_ARENA(what_is_no_time_zone_is_refused),
		IN_ARENA(files_with_leap_seconds_are_refused),
		IN_ARENA(damage_anywhere_does_no_harm),
		IN_ARENA(times_before_the_first_change_are_of_the_first_type),
		IN_ARENA(summer_all_year_has_no_changes),
		cmocka_unit_test(rules_are_read_or_refused),
		cmocka_unit_test(the_days_of_a_rule_are_found_in_each_year),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
