/* cron_words_test.c: schedules as sentences, and the simple form of the pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/model/cron_read.h"
#include "lib/model/cron_simple.h"
#include "lib/model/cron_words.h"
#include "tests/unit/zones.h"

static struct cron
cron_of(const char *text)
{
	struct cron c = { 0 };
	struct err e;

	if (cron_read(&c, text, 0, &e) != 0)
		fail_msg("%s: %s", text, e.text);
	return c;
}

struct saying {
	const char *text, *words;
};

static void
each_says(struct arena *a, const struct saying *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct cron c = cron_of(cases[i].text);
		const char *words = cron_words(a, &c);

		if (strcmp(words, cases[i].words) != 0)
			fail_msg("%s says: %s", cases[i].text, words);
	}
}

static void
times_are_said_as_people_say_them(void **state)
{
	static const struct saying cases[] = {
		{ "0 2 * * *", "Every day at 02:00" },
		{ "@daily", "Every day at 00:00" },
		{ "0 2,14 * * *", "Every day at 02:00 and 14:00" },
		{ "0 */6 * * *", "Every day at 00:00, 06:00, 12:00 and 18:00" },
		{ "0,30 2 * * *", "Every day at 02:00 and 02:30" },
		{ "* * * * *", "Every minute" },
		{ "*/15 * * * *", "Every 15 minutes" },
		{ "0,15,30,45 0-23 * * *", "Every 15 minutes" },
		{ "*/2 * * * *", "Every 2 minutes" },
		{ "0 * * * *", "Every hour on the hour" },
		{ "5 * * * *", "At 5 minutes past every hour" },
		{ "1 * * * *", "At 1 minute past every hour" },
		{ "5,35 * * * *", "At 5 and 35 minutes past every hour" },
		{ "5,20,35,50 * * * *", "At 5, 20, 35 and 50 minutes past every hour" },
		{ "*/7 * * * *", "Every 7 minutes from 0 to 56 minutes past every hour" },
		{ "10-50 * * * *", "Every minute from 10 to 50 minutes past every hour" },
		{ "0 */2 * * *", "Every 2 hours from 00:00 to 22:00, every day" },
		{ "5 */2 * * *", "Every 2 hours from 00:05 to 22:05, every day" },
		{ "5 8-18 * * 1-5", "Every hour from 08:05 to 18:05 on weekdays" },
		{ "5 8-18 * * *", "Every hour from 08:05 to 18:05, every day" },
		{ "*/15 8-17 * * *", "Every 15 minutes from 08:00 to 17:45, every day" },
		{ "*/15 8-17 * * 6,0",
		    "Every 15 minutes from 08:00 to 17:45 on Saturday and Sunday" },
		{ "* 2 * * *", "Every minute from 02:00 to 02:59, every day" },
		{ "0,20 8-18 * * *",
		    "At 0 and 20 minutes past every hour from 08:00 to 18:00, every day" },
		{ "0,20 */2 * * *",
		    "At 0 and 20 minutes past every 2nd hour from 00:00 to 22:00, every day" },
		{ "0,20 1,5,6,7 * * *",
		    "At 0 and 20 minutes past 01:00, 05:00, 06:00 and 07:00, every day" },
		{ "0,10 1,5,9 * * *",
		    "At 0 and 10 minutes past 01:00, 05:00 and 09:00, every day" },
		{ "0,10,20,30,40 1,5 * * *",
		    "Every 10 minutes from 0 to 40 minutes past 01:00 and 05:00, every day" },
		{ "1 0-5 * * *", "Every hour from 00:01 to 05:01, every day" },
		{ "*/15 * * * 1", "Every 15 minutes on Monday" },
		{ "*/15 * 1 * *", "Every 15 minutes on the 1st of every month" },
		{ "0 * * 1 *", "Every hour on the hour, every day in January" },
	};

	each_says(*state, cases, sizeof cases / sizeof *cases);
}

static void
days_are_said_as_people_say_them(void **state)
{
	static const struct saying cases[] = {
		{ "30 3 * * 1,4", "Every Monday and Thursday at 03:30" },
		{ "30 3 * * 1", "Every Monday at 03:30" },
		{ "@weekly", "Every Sunday at 00:00" },
		{ "0 2 * * 1-5", "On weekdays at 02:00" },
		{ "0 2 * * 0,6", "Every Saturday and Sunday at 02:00" },
		{ "0 2 * * 2-5", "Every day from Tuesday to Friday at 02:00" },
		{ "0 2 * * fri-sun", "Every day from Friday to Sunday at 02:00" },
		{ "0 2 * * 1,3,5", "Every Monday, Wednesday and Friday at 02:00" },
		{ "0 2 * * */2", "Every Tuesday, Thursday, Saturday and Sunday at 02:00" },
		{ "0 2 * 1 1", "Every Monday in January at 02:00" },
		{ "0 2 * 6-8 *", "Every day in June to August at 02:00" },
		{ "0 2 * 1,7 *", "Every day in January and July at 02:00" },
		{ "0 2 * */3 *", "Every day in January, April, July and October at 02:00" },
		{ "0 4 1,15 * *", "On the 1st and 15th of every month at 04:00" },
		{ "@monthly", "On the 1st of every month at 00:00" },
		{ "@yearly", "On the 1st of January at 00:00" },
		{ "0 23 L * *", "On the last day of every month at 23:00" },
		{ "0 23 15,L * *", "On the 15th and the last day of every month at 23:00" },
		{ "0 23 1,15,L * *", "On the 1st, 15th and the last day of every month at 23:00" },
		{ "0 23 L 2 *", "On the last day of February at 23:00" },
		{ "0 4 1-7 * *", "On the 1st to 7th of every month at 04:00" },
		{ "0 4 2,3 * *", "On the 2nd and 3rd of every month at 04:00" },
		{ "0 4 11,12,13 * *", "On the 11th to 13th of every month at 04:00" },
		{ "0 4 22 * *", "On the 22nd of every month at 04:00" },
		{ "0 4 */2 * *",
		    "On every 2nd day from the 1st to the 31st of every month at 04:00"
		    " (the 29th and 31st only in months that have one)" },
		{ "0 4 31 * *", "On the 31st of every month at 04:00 (the 31st only in months that"
		    " have one)" },
		{ "0 4 29,30 * *",
		    "On the 29th and 30th of every month at 04:00 (the 29th and 30th"
		    " only in months that have one)" },
		{ "0 4 31 1,3 *", "On the 31st of January and March at 04:00" },
		{ "0 4 29 2 *", "On the 29th of February at 04:00 (only in leap years)" },
		{ "0 23 * * 5L", "On the last Friday of every month at 23:00" },
		{ "0 23 * * 5L,1L", "On the last Monday and last Friday of every month at 23:00" },
		{ "0 23 * 1,7 5L", "On the last Friday of January and July at 23:00" },
		{ "0 23 * * 1,5L", "Every Monday and on the last Friday of every month at 23:00" },
		{ "0 4 1 * 1", "On the 1st of every month and also every Monday at 04:00" },
		{ "0 4 13 1 5",
		    "On the 13th of January and also every Friday in January at 04:00" },
		{ "0 4 L * 1-5", "On the last day of every month and also on weekdays at 04:00" },
		{ "0 4 13 * 0-7", "Every day at 04:00" },
		{ "0 4 1-31 * 1", "Every day at 04:00" },
		{ "0 4 1-7 * */7", "On the first Sunday of every month at 04:00" },
		{ "0 4 8-14 3 */7", "On the second Sunday of March at 04:00" },
		{ "0 4 22-28 * */7", "On the fourth Sunday of every month at 04:00" },
		{ "0 4 */29 * 1",
		    "Every Monday, but only on the 1st and 30th of the month, at 04:00"
		    " (the 30th only in months that have one)" },
		{ "*/15 * */29 * 1",
		    "Every 15 minutes on Monday, but only on the 1st and 30th of the"
		    " month (the 30th only in months that have one)" },
		{ "0 4 */24 * 5L",
		    "On the last Friday of every month, but only on the 1st and 25th of"
		    " the month, at 04:00" },
	};

	each_says(*state, cases, sizeof cases / sizeof *cases);
}

/* A field of an expression, as if by chance. */
static void
any_field(char out[32], int min, int max)
{
	int from = min + rand() % (max - min + 1), to = from + rand() % (max - from + 1);

	switch (rand() % 6) {
	case 0:
		snprintf(out, 32, "%d", from);
		break;
	case 1:
		snprintf(out, 32, "%d-%d", from, to);
		break;
	case 2:
		snprintf(out, 32, "*/%d", 1 + rand() % max);
		break;
	case 3:
		snprintf(out, 32, "%d-%d/%d", from, to, 1 + rand() % 5);
		break;
	case 4:
		snprintf(out, 32, "%d,%d", from, to);
		break;
	default:
		snprintf(out, 32, "*");
	}
}

struct said {
	struct cron c;
	char text[120];
	const char *words;
};

static int
by_words(const void *x, const void *y)
{
	return strcmp(((const struct said *)x)->words, ((const struct said *)y)->words);
}

static bool
same_times(const struct cron *a, const struct cron *b)
{
	int64_t day = calendar_day(2000, 1, 1);

	if (a->minutes != b->minutes || a->hours != b->hours)
		return false;
	for (int i = 0; i < 28 * 366; i++)
		if (cron_on_day(a, day + i) != cron_on_day(b, day + i))
			return false;
	return true;
}

static void
no_sentence_belongs_to_two_schedules(void **state)
{
	enum { MANY = 10000 };
	struct said *said = arena_array(*state, MANY, sizeof *said);
	int n = 0, shared = 0;

	srand(17);
	while (n < MANY) {
		char f[5][32];
		struct err e;

		any_field(f[0], 0, 59);
		any_field(f[1], 0, 23);
		any_field(f[2], 1, 31);
		any_field(f[3], 1, 12);
		any_field(f[4], 0, 7);
		/* Days are the hard part: most of the schedules run at one time, in all months. */
		if (rand() % 8 != 0)
			snprintf(f[0], sizeof f[0], "0");
		if (rand() % 8 != 0)
			snprintf(f[1], sizeof f[1], "2");
		if (rand() % 2 != 0)
			snprintf(f[3], sizeof f[3], "*");
		if (rand() % 8 == 0)
			snprintf(f[2], sizeof f[2], "L");
		if (rand() % 8 == 0)
			snprintf(f[4], sizeof f[4], "%dL", rand() % 7);
		snprintf(said[n].text, sizeof said[n].text, "%.20s %.20s %.20s %.20s %.20s", f[0],
		    f[1], f[2], f[3], f[4]);
		if (cron_read(&said[n].c, said[n].text, 0, &e) != 0)
			continue;
		said[n].words = cron_words(*state, &said[n].c);
		n++;
	}
	qsort(said, MANY, sizeof *said, by_words);
	for (int i = 1; i < MANY; i++) {
		if (strcmp(said[i].words, said[i - 1].words) != 0)
			continue;
		shared++;
		if (!same_times(&said[i].c, &said[i - 1].c))
			fail_msg("%s and %s both say: %s", said[i].text, said[i - 1].text,
			    said[i].words);
	}
	assert_true(shared > 1000);
}

static void
the_simple_form_makes_expressions_and_reads_them_back(void **state UNUSED)
{
	static const struct {
		struct cron_simple form;
		const char *text;
	} cases[] = {
		{ { CRON_EVERY_HOUR, 5, 2, 1, 1 }, "5 * * * *" },
		{ { CRON_EVERY_DAY, 0, 2, 1, 1 }, "0 2 * * *" },
		{ { CRON_EVERY_DAY, 59, 23, 1, 1 }, "59 23 * * *" },
		{ { CRON_EVERY_WEEK, 30, 3, 1, 1 }, "30 3 * * 1" },
		{ { CRON_EVERY_WEEK, 30, 3, 0, 1 }, "30 3 * * 0" },
		{ { CRON_EVERY_MONTH, 0, 4, 1, 15 }, "0 4 15 * *" },
		{ { CRON_EVERY_MONTH, 0, 23, 1, CRON_LAST_DAY }, "0 23 L * *" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cron_simple back;
		char out[CRON_SIMPLE_SIZE];
		struct cron c;
		struct err e;

		assert_int_equal(cron_simple_text(out, &cases[i].form, &e), 0);
		assert_string_equal(out, cases[i].text);
		c = cron_of(out);
		assert_true(cron_simple_of(&back, &c));
		assert_memory_equal(&back, &cases[i].form, sizeof back);
	}
}

static void
only_expressions_of_that_shape_are_simple(void **state UNUSED)
{
	static const char *const other[] = { "*/15 * * * *", "0 2,3 * * *", "0,30 * * * *",
		"0 2 * * 1,2", "0 2 * * 5L", "0 2 1,15 * *", "0 2 1 1 *", "0 2 1 * 1",
		"0 2 1-31 * 1", "0 0-23 * * *", "0 2 */31 * 1", "0 2 15,L * *", "* * * * *" };
	static const struct {
		const char *text;
		enum cron_every every;
	} same[] = { { "@hourly", CRON_EVERY_HOUR }, { "@daily", CRON_EVERY_DAY },
		{ "@weekly", CRON_EVERY_WEEK }, { "@monthly", CRON_EVERY_MONTH },
		{ "00 02 * * SUN", CRON_EVERY_WEEK }, { "0 2 * * 7", CRON_EVERY_WEEK },
		{ "0 2 * 1-12 *", CRON_EVERY_DAY } };
	struct cron_simple s = { .minute = 77 };

	for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
		struct cron c = cron_of(other[i]);

		if (cron_simple_of(&s, &c))
			fail_msg("%s", other[i]);
		assert_int_equal(s.minute, 77);
	}
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		struct cron c = cron_of(same[i].text);

		assert_true(cron_simple_of(&s, &c));
		assert_int_equal(s.every, same[i].every);
	}
}

static void
the_simple_form_has_the_sentences_of_the_reader(void **state UNUSED)
{
	static const struct {
		struct cron_simple form;
		const char *text;
	} cases[] = {
		{ { CRON_EVERY_HOUR, 75, 0, 0, 1 }, "Minute must be 0\u201359, you wrote 75" },
		{ { CRON_EVERY_DAY, -1, 0, 0, 1 }, "Minute must be 0\u201359, you wrote -1" },
		{ { CRON_EVERY_DAY, 0, 24, 0, 1 }, "Hour must be 0\u201323, you wrote 24" },
		{ { CRON_EVERY_WEEK, 0, 2, 8, 1 },
		    "Weekday must be 0\u20137 or SUN\u2013SAT, you wrote 8" },
		{ { CRON_EVERY_MONTH, 0, 2, 0, 32 }, "Day must be 1\u201331, you wrote 32" },
		{ { CRON_EVERY_MONTH, INT32_MIN, INT32_MIN, 0, INT32_MIN },
		    "Minute must be 0\u201359, you wrote -2147483648" },
		{ { CRON_EVERIES, 0, 2, 0, 1 }, "Choose hour, day, week or month" },
	};
	struct cron_simple unused = { CRON_EVERY_HOUR, 5, 99, 99, 99 };
	char out[CRON_SIMPLE_SIZE];
	enum cron_every every;
	struct err e;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(cron_simple_text(out, &cases[i].form, &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
		assert_string_equal(e.text, cases[i].text);
	}
	assert_int_equal(cron_simple_text(out, &unused, &e), 0);
	for (int i = 0; i < CRON_EVERIES; i++) {
		assert_true(cron_simple_parse(&every, cron_simple_name((enum cron_every)i)));
		assert_int_equal(every, i);
	}
	assert_false(cron_simple_parse(&every, "fortnight"));
	assert_string_equal(cron_simple_name(CRON_EVERIES), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(times_are_said_as_people_say_them),
		IN_ARENA(days_are_said_as_people_say_them),
		IN_ARENA(no_sentence_belongs_to_two_schedules),
		cmocka_unit_test(the_simple_form_makes_expressions_and_reads_them_back),
		cmocka_unit_test(only_expressions_of_that_shape_are_simple),
		cmocka_unit_test(the_simple_form_has_the_sentences_of_the_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
