/* cron_read_test.c: cron expressions as they are read, and the sentence for each that is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/utf8.h"
#include "lib/model/cron_read.h"

/* A set with runs as ranges: "0,15,30-32"; `*` for all of first to last. */
static void
add_set(struct buf *b, uint64_t set, int first, int last)
{
	bool any = false, all = true;

	for (int i = first; i <= last; i++)
		all = all && (set >> i & 1) != 0;
	if (all) {
		buf_char(b, '*');
		return;
	}
	for (int i = first; i <= last; i++) {
		int end = i;

		if ((set >> i & 1) == 0)
			continue;
		while (end < last && (set >> (end + 1) & 1) != 0)
			end++;
		buf_printf(b, any ? ",%d" : "%d", i);
		if (end > i)
			buf_printf(b, "-%d", end);
		any = true;
		i = end;
	}
}

/* What was read, as one line: the sets, F for a fixed time, O when either day is enough. */
static void
spell(struct buf *b, const struct cron *c)
{
	buf_clear(b);
	add_set(b, c->minutes, 0, 59);
	buf_char(b, ' ');
	add_set(b, c->hours, 0, 23);
	buf_char(b, ' ');
	add_set(b, c->days, 1, 31);
	if ((c->days >> CRON_LAST_DAY & 1) != 0)
		buf_char(b, 'L');
	buf_char(b, ' ');
	add_set(b, c->months, 1, 12);
	buf_char(b, ' ');
	add_set(b, c->weekdays, 0, 6);
	for (int i = 0; i < 7; i++)
		if ((c->last_weekdays >> i & 1) != 0)
			buf_printf(b, "+%dL", i);
	buf_printf(b, "%s%s", c->fixed ? " F" : "", c->either ? " O" : "");
}

struct reading {
	const char *text, *read;
};

static void
each_is_read(const struct reading *cases, size_t n)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		struct cron c;
		struct err e;

		if (cron_read(&c, cases[i].text, 0, &e) != 0)
			fail_msg("%s: %s", cases[i].text, e.text);
		spell(&b, &c);
		if (strcmp(b.p, cases[i].read) != 0)
			fail_msg("%s is %s and not %s", cases[i].text, b.p, cases[i].read);
	}
}

static void
lists_ranges_and_steps_are_read(void **state UNUSED)
{
	static const struct reading cases[] = {
		{ "* * * * *", "* * * * *" },
		{ "0 2 * * *", "0 2 * * * F" },
		{ "5 * * * *", "5 * * * *" },
		{ "* 5 * * *", "* 5 * * *" },
		{ "0-59 5 * * *", "* 5 * * * F" },
		{ "0 0-23 * * *", "0 * * * * F" },
		{ "59 23 31 12 *", "59 23 31 12 * F" },
		{ "0 0 1 1 0", "0 0 1 1 0 F O" },
		{ "*/15 * * * *", "0,15,30,45 * * * *" },
		{ "*/7 * * * *", "0,7,14,21,28,35,42,49,56 * * * *" },
		{ "*/1 * * * *", "* * * * *" },
		{ "*/59 * * * *", "0,59 * * * *" },
		{ "*/31 * * * *", "0,31 * * * *" },
		{ "10-50/10 * * * *", "10,20,30,40,50 * * * *" },
		{ "10-55/10 3 * * *", "10,20,30,40,50 3 * * * F" },
		{ "10-10/5 3 * * *", "10 3 * * * F" },
		{ "0-59/20 3 * * *", "0,20,40 3 * * * F" },
		{ "1,2,3 * * * *", "1-3 * * * *" },
		{ "3,2,1 * * * *", "1-3 * * * *" },
		{ "5,5,5 * * * *", "5 * * * *" },
		{ "0,30 8-18 * * *", "0,30 8-18 * * * F" },
		{ "0,10-20/5,59 * * * *", "0,10,15,20,59 * * * *" },
		{ "1-3,7-9 * * * *", "1-3,7-9 * * * *" },
		{ "1-5,3-8 * * * *", "1-8 * * * *" },
		{ "*,5 4 * * *", "* 4 * * *" },
		{ "5,* 4 * * *", "* 4 * * * F" },
		{ "*/30,7 4 * * *", "0,7,30 4 * * *" },
		{ "7,*/30 4 * * *", "0,7,30 4 * * * F" },
		{ "0 */6 * * *", "0 0,6,12,18 * * *" },
		{ "0 */5 * * *", "0 0,5,10,15,20 * * *" },
		{ "0 */23 * * *", "0 0,23 * * *" },
		{ "0 8-18/2 * * *", "0 8,10,12,14,16,18 * * * F" },
		{ "0 1,13 * * *", "0 1,13 * * * F" },
		{ "0 00 * * *", "0 0 * * * F" },
		{ "00 02 01 01 *", "0 2 1 1 * F" },
		{ "007 2 * * *", "7 2 * * * F" },
		{ "  0   2\t*  *\t* ", "0 2 * * * F" },
		{ "0 2 * * *\n", "0 2 * * * F" },
		{ "\r\n0 2 * * *\r\n", "0 2 * * * F" },
	};

	each_is_read(cases, sizeof cases / sizeof *cases);
}

static void
days_months_and_their_names_are_read(void **state UNUSED)
{
	static const struct reading cases[] = {
		{ "0 2 1 * *", "0 2 1 * * F" },
		{ "0 2 1,15 * *", "0 2 1,15 * * F" },
		{ "0 2 1-7 * *", "0 2 1-7 * * F" },
		{ "0 2 */2 * *", "0 2 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31 * * F" },
		{ "0 2 */31 * *", "0 2 1 * * F" },
		{ "0 2 2-30/7 * *", "0 2 2,9,16,23,30 * * F" },
		{ "0 2 1-31 * *", "0 2 * * * F" },
		{ "0 2 1-31 * 1", "0 2 * * 1 F O" },
		{ "0 2 L * *", "0 2 L * * F" },
		{ "0 2 l * *", "0 2 L * * F" },
		{ "0 2 15,L * *", "0 2 15L * * F" },
		{ "0 2 L,1 * *", "0 2 1L * * F" },
		{ "0 2 1-3,L,30 * *", "0 2 1-3,30L * * F" },
		{ "0 2 *,L * *", "0 2 *L * * F" },
		{ "0 2 L 2 *", "0 2 L 2 * F" },
		{ "0 2 29 2 *", "0 2 29 2 * F" },
		{ "0 2 30 2,3 *", "0 2 30 2-3 * F" },
		{ "0 2 30 2 5", "0 2 30 2 5 F O" },
		{ "0 2 * 1 *", "0 2 * 1 * F" },
		{ "0 2 * 12 *", "0 2 * 12 * F" },
		{ "0 2 * 1-3 *", "0 2 * 1-3 * F" },
		{ "0 2 * */3 *", "0 2 * 1,4,7,10 * F" },
		{ "0 2 * */12 *", "0 2 * 1 * F" },
		{ "0 2 * 2-12/5 *", "0 2 * 2,7,12 * F" },
		{ "0 2 * JAN *", "0 2 * 1 * F" },
		{ "0 2 * jan,Feb,mAr *", "0 2 * 1-3 * F" },
		{ "0 2 * apr,may,jun,jul *", "0 2 * 4-7 * F" },
		{ "0 2 * aug,sep,oct *", "0 2 * 8-10 * F" },
		{ "0 2 * nov,dec *", "0 2 * 11-12 * F" },
		{ "0 2 * mar-oct *", "0 2 * 3-10 * F" },
		{ "0 2 * MAR-10 *", "0 2 * 3-10 * F" },
		{ "0 2 * feb-dec/2 *", "0 2 * 2,4,6,8,10,12 * F" },
		{ "0 2 * 1-12 *", "0 2 * * * F" },
	};

	each_is_read(cases, sizeof cases / sizeof *cases);
}

static void
weekdays_are_read_and_sunday_has_two_numbers(void **state UNUSED)
{
	static const struct reading cases[] = {
		{ "0 2 * * 0", "0 2 * * 0 F" },
		{ "0 2 * * 7", "0 2 * * 0 F" },
		{ "0 2 * * 0,7", "0 2 * * 0 F" },
		{ "0 2 * * 1", "0 2 * * 1 F" },
		{ "0 2 * * 6", "0 2 * * 6 F" },
		{ "0 2 * * 1-5", "0 2 * * 1-5 F" },
		{ "0 2 * * 5-7", "0 2 * * 0,5-6 F" },
		{ "0 2 * * 0-7", "0 2 * * * F" },
		{ "0 2 * * 1-7", "0 2 * * * F" },
		{ "0 2 * * 0-2", "0 2 * * 0-2 F" },
		{ "0 2 * * */2", "0 2 * * 0,2,4,6 F" },
		{ "0 2 * * */7", "0 2 * * 0 F" },
		{ "0 2 * * 1-7/2", "0 2 * * 0-1,3,5 F" },
		{ "0 2 * * SUN", "0 2 * * 0 F" },
		{ "0 2 * * Mon", "0 2 * * 1 F" },
		{ "0 2 * * tue,wed", "0 2 * * 2-3 F" },
		{ "0 2 * * thu,fri,sat", "0 2 * * 4-6 F" },
		{ "0 2 * * mon-fri", "0 2 * * 1-5 F" },
		{ "0 2 * * MON-5", "0 2 * * 1-5 F" },
		{ "0 2 * * fri-sun", "0 2 * * 0,5-6 F" },
		{ "0 2 * * sun-tue", "0 2 * * 0-2 F" },
		{ "0 2 * * sun-sun", "0 2 * * 0 F" },
		{ "0 2 * * sat-sun", "0 2 * * 0,6 F" },
		{ "0 2 * * mon-sun/3", "0 2 * * 0-1,4 F" },
		{ "0 2 * * 5L", "0 2 * * +5L F" },
		{ "0 2 * * 5l", "0 2 * * +5L F" },
		{ "0 2 * * friL", "0 2 * * +5L F" },
		{ "0 2 * * FRIL", "0 2 * * +5L F" },
		{ "0 2 * * 0L", "0 2 * * +0L F" },
		{ "0 2 * * 7L", "0 2 * * +0L F" },
		{ "0 2 * * sunL,monL", "0 2 * * +0L+1L F" },
		{ "0 2 * * 1,5L", "0 2 * * 1+5L F" },
		{ "0 2 13 * 5", "0 2 13 * 5 F O" },
		{ "0 2 13 * *", "0 2 13 * * F" },
		{ "0 2 */2 * 5", "0 2 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31 * 5 F" },
		{ "0 2 1-7 * */7", "0 2 1-7 * 0 F" },
		{ "0 2 L * 5L", "0 2 L * +5L F O" },
		{ "0 2 13 * 0-7", "0 2 13 * * F O" },
		{ "0 2 13 * 5,*", "0 2 13 * * F O" },
		{ "0 2 13 * *,5", "0 2 13 * * F" },
	};

	each_is_read(cases, sizeof cases / sizeof *cases);
}

static void
names_of_whole_schedules_are_read(void **state UNUSED)
{
	static const struct reading cases[] = {
		{ "@hourly", "0 * * * *" },
		{ "@daily", "0 0 * * * F" },
		{ "@midnight", "0 0 * * * F" },
		{ "@weekly", "0 0 * * 0 F" },
		{ "@monthly", "0 0 1 * * F" },
		{ "@yearly", "0 0 1 1 * F" },
		{ "@annually", "0 0 1 1 * F" },
		{ "@DAILY", "0 0 * * * F" },
		{ " @Daily ", "0 0 * * * F" },
	};

	each_is_read(cases, sizeof cases / sizeof *cases);
}

/* The sentence for an expression; `shortest` minutes between two runs. */
static void
says(const char *text, int shortest, const char *sentence)
{
	struct cron c, before;
	struct err e = { 0 };

	memset(&c, 0x5a, sizeof c);
	before = c;
	if (cron_read(&c, text, shortest, &e) != -1)
		fail_msg("%s is taken", text);
	if (strcmp(e.text, sentence) != 0)
		fail_msg("%s says: %s", text, e.text);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_true(utf8_valid(e.text, strlen(e.text)));
	assert_memory_equal(&c, &before, sizeof c);
}

static void
SCU_10_each_wrong_field_is_named_with_what_was_written(void **state UNUSED)
{
	static const struct reading cases[] = {
		{ "75 * * * *", "Minute must be 0\u201359, you wrote 75" },
		{ "61 * * * *", "Minute must be 0\u201359, you wrote 61" },
		{ "60 * * * *", "Minute must be 0\u201359, you wrote 60" },
		{ "-1 * * * *", "Minute must be 0\u201359, you wrote -1" },
		{ "+1 * * * *", "Minute must be 0\u201359, you wrote +1" },
		{ "1.5 * * * *", "Minute must be 0\u201359, you wrote 1.5" },
		{ "0x5 * * * *", "Minute must be 0\u201359, you wrote 0x5" },
		{ "99999999999999999999 * * * *",
		    "Minute must be 0\u201359, you wrote 99999999999999999999" },
		{ "123456789012345678901234567890 * * * *",
		    "Minute must be 0\u201359, you wrote 123456789012345678901234\u2026" },
		{ "** * * * *", "Minute must be 0\u201359, you wrote **" },
		{ "*5 * * * *", "Minute must be 0\u201359, you wrote *5" },
		{ "*-5 * * * *", "Minute must be 0\u201359, you wrote *" },
		{ "5-* * * * *", "Minute must be 0\u201359, you wrote *" },
		{ "1,75 * * * *", "Minute must be 0\u201359, you wrote 75" },
		{ "0-75 * * * *", "Minute must be 0\u201359, you wrote 75" },
		{ "70-75 * * * *", "Minute must be 0\u201359, you wrote 70" },
		{ "5- * * * *", "Minute must be 0\u201359, you wrote nothing" },
		{ "1-2-3 * * * *", "Minute must be 0\u201359, you wrote 1-2-3" },
		{ "noon * * * *", "Minute must be 0\u201359, you wrote noon" },
		{ "H * * * *", "Minute must be 0\u201359, you wrote H" },
		{ "0:30 * * * *", "Minute must be 0\u201359, you wrote 0:30" },
		{ "MON * * * *", "Minute must be 0\u201359, you wrote MON" },
		{ "\xff * * * *",
		    "Minute must be 0\u201359, you wrote a character that has no place"
		    " here" },
		{ "1\u201359 * * * *",
		    "Minute must be 0\u201359, you wrote a character that has no"
		    " place here" },
		{ "5\x01 * * * *",
		    "Minute must be 0\u201359, you wrote a character that has no place"
		    " here" },
		{ "0 24 * * *", "Hour must be 0\u201323, you wrote 24" },
		{ "0 25-26 * * *", "Hour must be 0\u201323, you wrote 25" },
		{ "0 2pm * * *", "Hour must be 0\u201323, you wrote 2pm" },
		{ "0 2 0 * *", "Day must be 1\u201331, you wrote 0" },
		{ "0 2 32 * *", "Day must be 1\u201331, you wrote 32" },
		{ "0 2 0-5 * *", "Day must be 1\u201331, you wrote 0" },
		{ "0 2 LW * *", "Day must be 1\u201331, you wrote LW" },
		{ "0 2 L-3 * *", "Day must be 1\u201331, you wrote L" },
		{ "0 2 1-L * *", "Day must be 1\u201331, you wrote L" },
		{ "0 2 15W * *", "Day must be 1\u201331, you wrote 15W" },
		{ "0 2 5L * *", "Day must be 1\u201331, you wrote 5L" },
		{ "0 2 mon * *", "Day must be 1\u201331, you wrote mon" },
		{ "0 2 * 0 *", "Month must be 1\u201312 or JAN\u2013DEC, you wrote 0" },
		{ "0 2 * 13 *", "Month must be 1\u201312 or JAN\u2013DEC, you wrote 13" },
		{ "0 2 * january *",
		    "Month must be 1\u201312 or JAN\u2013DEC, you wrote january" },
		{ "0 2 * ja *", "Month must be 1\u201312 or JAN\u2013DEC, you wrote ja" },
		{ "0 2 * * 8", "Weekday must be 0\u20137 or SUN\u2013SAT, you wrote 8" },
		{ "0 2 * * -1", "Weekday must be 0\u20137 or SUN\u2013SAT, you wrote -1" },
		{ "0 2 * * monday", "Weekday must be 0\u20137 or SUN\u2013SAT, you wrote monday" },
		{ "0 2 * * jan", "Weekday must be 0\u20137 or SUN\u2013SAT, you wrote jan" },
		{ "0 2 * * mon#2", "Weekday must be 0\u20137 or SUN\u2013SAT, you wrote mon#2" },
		{ "0 2 * * 8L", "Weekday must be 0\u20137 or SUN\u2013SAT, you wrote 8L" },
		{ "0 2 * * 1-5L", "Weekday must be 0\u20137 or SUN\u2013SAT, you wrote 5L" },
		{ "? * * * *", "Minute cannot be ?; write * for any" },
		{ "0 2 ? * *", "Day cannot be ?; write * for any" },
		{ "0 2 * * ?", "Weekday cannot be ?; write * for any" },
		{ "L * * * *", "Minute cannot use L; only day and weekday have a last one" },
		{ "0 5L * * *", "Hour cannot use L; only day and weekday have a last one" },
		{ "0 2 * L *", "Month cannot use L; only day and weekday have a last one" },
		{ "0 2 * * L",
		    "Weekday L lacks its day: 5L or friL is the last Friday of the month" },
		{ "0 2 * * 1,L",
		    "Weekday L lacks its day: 5L or friL is the last Friday of the month" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		says(cases[i].text, 0, cases[i].read);
}

static void
SCU_10_steps_ranges_and_lists_that_make_no_sense_say_why(void **state UNUSED)
{
	static const struct reading cases[] = {
		{ ",5 * * * *", "Minute ,5 has a comma with nothing beside it" },
		{ "5, * * * *", "Minute 5, has a comma with nothing beside it" },
		{ "1,,2 * * * *", "Minute 1,,2 has a comma with nothing beside it" },
		{ "0 , * * *", "Hour , has a comma with nothing beside it" },
		{ "*/ * * * *", "Minute: the step behind / must be 1\u201359, you wrote nothing" },
		{ "*/0 * * * *", "Minute: the step behind / must be 1\u201359, you wrote 0" },
		{ "*/60 * * * *", "Minute: the step behind / must be 1\u201359, you wrote 60" },
		{ "*/-5 * * * *", "Minute: the step behind / must be 1\u201359, you wrote -5" },
		{ "*/5/2 * * * *", "Minute: the step behind / must be 1\u201359, you wrote 5/2" },
		{ "*/12345678 * * * *",
		    "Minute: the step behind / must be 1\u201359, you wrote 12345678" },
		{ "*/x * * * *", "Minute: the step behind / must be 1\u201359, you wrote x" },
		{ "/5 * * * *", "Minute must be 0\u201359, you wrote nothing" },
		{ "0 */24 * * *", "Hour: the step behind / must be 1\u201323, you wrote 24" },
		{ "0 2 */32 * *", "Day: the step behind / must be 1\u201331, you wrote 32" },
		{ "0 2 * */13 *", "Month: the step behind / must be 1\u201312, you wrote 13" },
		{ "0 2 * * */8", "Weekday: the step behind / must be 1\u20137, you wrote 8" },
		{ "0 2 * * */L", "Weekday: the step behind / must be 1\u20137, you wrote L" },
		{ "5/15 * * * *", "Minute 5/15 lacks an end; write 5-59/15" },
		{ "0 2/6 * * *", "Hour 2/6 lacks an end; write 2-23/6" },
		{ "0 2 * jan/3 *", "Month jan/3 lacks an end; write jan-12/3" },
		{ "0 2 * * mon/2", "Weekday mon/2 lacks an end; write mon-7/2" },
		{ "5/\xff * * * *",
		    "Minute: the step behind / must be 1\u201359, you wrote a character"
		    " that has no place here" },
		{ "0 2 L/2 * *", "Day must be 1\u201331, you wrote L" },
		{ "0 22-2 * * *",
		    "Hour 22-2 runs backwards; write it as two ranges, 22-23 and 0-2,"
		    " with a comma between them" },
		{ "50-10 * * * *", "Minute 50-10 runs backwards; write it as two ranges, 50-59 and"
		    " 0-10, with a comma between them" },
		{ "0 2 28-3 * *", "Day 28-3 runs backwards; write it as two ranges, 28-31 and 1-3,"
		    " with a comma between them" },
		{ "0 2 * nov-feb *", "Month nov-feb runs backwards; write it as two ranges, nov-12"
		    " and 1-feb, with a comma between them" },
		{ "0 2 * * fri-mon",
		    "Weekday fri-mon runs backwards; write it as two ranges, fri-6"
		    " and 0-mon, with a comma between them" },
		{ "0 2 * * 5-0", "Weekday 5-0 runs backwards; write it as two ranges, 5-6 and 0-0,"
		    " with a comma between them" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		says(cases[i].text, 0, cases[i].read);
}

#define FIVE(wrote) \
	"A schedule has five fields: minute, hour, day, month, weekday; you wrote " wrote

static void
SCU_10_a_schedule_has_five_fields(void **state UNUSED)
{
	static const struct reading cases[] = {
		{ "", (FIVE("nothing")) },
		{ " \t ", (FIVE("nothing")) },
		{ "5", (FIVE("one")) },
		{ "0 0", (FIVE("two")) },
		{ "0 0 *", (FIVE("three")) },
		{ "0 0 * *", (FIVE("four")) },
		{ "0 0 0 * * *", (FIVE("six")) },
		{ "0 0 0 * * * 2026", (FIVE("seven")) },
		{ "* * * * * * * * * * * *", (FIVE("12")) },
		{ "@daily 5", (FIVE("two")) },
		{ "@reboot", "There is no @reboot; use @hourly, @daily, @weekly, @monthly or"
		    " @yearly" },
		{ "@", "There is no @; use @hourly, @daily, @weekly, @monthly or @yearly" },
		{ "@dail",
		    "There is no @dail; use @hourly, @daily, @weekly, @monthly or @yearly" },
	};
	char text[CRON_TEXT_MAX + 2];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		says(cases[i].text, 0, cases[i].read);
	memset(text, ' ', sizeof text);
	memcpy(text, "0 2 * * *", 9);
	text[CRON_TEXT_MAX + 1] = '\0';
	says(text, 0, "A schedule has at most 200 characters");
}

static void
days_that_never_come_are_refused(void **state UNUSED)
{
	static const struct reading cases[] = {
		{ "0 2 30 2 *", "30 February never happens" },
		{ "0 2 31 2 *", "31 February never happens" },
		{ "0 2 30,31 feb *", "30 or 31 February never happens" },
		{ "0 2 31 4 *", "31 April never happens" },
		{ "0 2 31 4,6 *", "31 April or June never happens" },
		{ "0 2 31 2,4,6,9,11 *",
		    "31 February or April or June or September or November never happens" },
		{ "* * 30 2 *", "30 February never happens" },
		{ "0 2 */20 * 1L",
		    "Day and weekday never meet: in no month does such a day fall on"
		    " such a weekday" },
	};
	struct cron c;
	struct err e;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		says(cases[i].text, 0, cases[i].read);
	/* What comes seldom is no such day. */
	assert_int_equal(cron_read(&c, "0 2 29 2 *", 0, &e), 0);
	assert_int_equal(cron_read(&c, "0 2 29 2 */7", 0, &e), 0);
	assert_int_equal(cron_read(&c, "0 2 30 2 1", 0, &e), 0);
}

static void
runs_too_close_to_each_other_are_refused(void **state UNUSED)
{
	static const struct reading cases[] = {
		{ "* * * * *", "Runs every minute; the shortest allowed is 15 minutes" },
		{ "* 2 * * *", "Runs every minute; the shortest allowed is 15 minutes" },
		{ "*/5 * * * *", "Runs every 5 minutes; the shortest allowed is 15 minutes" },
		{ "*/10 2 * * 1", "Runs every 10 minutes; the shortest allowed is 15 minutes" },
		{ "*/2 * * * *", "Runs every 2 minutes; the shortest allowed is 15 minutes" },
		{ "*/7 * * * *", "Two runs are only 4 minutes apart; the shortest allowed is 15"
		    " minutes" },
		{ "0,1 2 * * *", "Two runs are only a minute apart; the shortest allowed is 15"
		    " minutes" },
		{ "0,10 2 * * *", "Two runs are only 10 minutes apart; the shortest allowed is 15"
		    " minutes" },
		{ "0,50 * * * *", "Two runs are only 10 minutes apart; the shortest allowed is 15"
		    " minutes" },
		{ "0,50 1,2 * * *",
		    "Two runs are only 10 minutes apart; the shortest allowed is 15"
		    " minutes" },
		{ "5,55 0,23 * * *",
		    "Two runs are only 10 minutes apart; the shortest allowed is 15"
		    " minutes" },
		{ "0,59 0,23 1,L * *",
		    "Two runs are only a minute apart; the shortest allowed is 15"
		    " minutes" },
	};
	static const char *const fine[] = { "*/15 * * * *", "0,15,30,45 * * * *", "0 * * * *",
		"0,30 * * * *", "10,50 1,3 * * *", "0,59 1,3 * * *", "0,45 0,23 1 * *",
		"0,59 23 * * *", "0 2 * * *" };
	struct cron c;
	struct err e;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		says(cases[i].text, 15, cases[i].read);
	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
		if (cron_read(&c, fine[i], 15, &e) != 0)
			fail_msg("%s: %s", fine[i], e.text);
	/* The limit is the caller's. */
	assert_int_equal(cron_read(&c, "*/5 * * * *", 5, &e), 0);
	says("*/5 * * * *", 6, "Runs every 5 minutes; the shortest allowed is 6 minutes");
	says("0 * * * *", 120, "Runs every 60 minutes; the shortest allowed is 120 minutes");
}

static void
the_gap_of_a_schedule_is_its_shortest(void **state UNUSED)
{
	static const struct {
		const char *text;
		int gap;
	} cases[] = { { "* * * * *", 1 }, { "*/7 * * * *", 4 }, { "0 2 * * *", 1440 },
		{ "0 2,14 * * *", 720 }, { "0 2,13 * * *", 660 }, { "0 1,23 * * *", 120 },
		{ "0 1,23 1 * *", 1320 }, { "0 2 1 * *", 1440 }, { "30 * * * *", 60 },
		{ "59 0,23 * * 1,3", 1380 }, { "59 0,23 * * 1,2", 60 }, { "0 1,23 1,L * *", 120 } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cron c;
		struct err e;

		assert_int_equal(cron_read(&c, cases[i].text, 0, &e), 0);
		if (cron_gap(&c) != cases[i].gap)
			fail_msg("%s: %d", cases[i].text, cron_gap(&c));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_ranges_and_steps_are_read),
		cmocka_unit_test(days_months_and_their_names_are_read),
		cmocka_unit_test(weekdays_are_read_and_sunday_has_two_numbers),
		cmocka_unit_test(names_of_whole_schedules_are_read),
		cmocka_unit_test(SCU_10_each_wrong_field_is_named_with_what_was_written),
		cmocka_unit_test(SCU_10_steps_ranges_and_lists_that_make_no_sense_say_why),
		cmocka_unit_test(SCU_10_a_schedule_has_five_fields),
		cmocka_unit_test(days_that_never_come_are_refused),
		cmocka_unit_test(runs_too_close_to_each_other_are_refused),
		cmocka_unit_test(the_gap_of_a_schedule_is_its_shortest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
