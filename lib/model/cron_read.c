/* cron_read.c: a cron expression from text, and sentences for what is wrong with it. */
#include "lib/model/cron_read.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/num.h"

enum { FIELDS = 5, ITEM_SHOWN = 24 };
static const char blanks[] = " \t\r\n";

static const char *const month_names[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug",
	"sep", "oct", "nov", "dec" };
static const char *const weekday_names[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };

/* What may stand in a field. */
struct field {
	const char *name;
	const char *range;        /* for people */
	int min, max;
	const char *const *names; /* of the values from min on; NULL when it has none */
	int name_count;
	bool has_last;            /* L means something here */
};

static const struct field fields[FIELDS] = {
	{ "Minute", "0\u201359", 0, 59, NULL, 0, false },
	{ "Hour", "0\u201323", 0, 23, NULL, 0, false },
	{ "Day", "1\u201331", 1, 31, NULL, 0, true },
	{ "Month", "1\u201312 or JAN\u2013DEC", 1, 12, month_names, 12, false },
	{ "Weekday", "0\u20137 or SUN\u2013SAT", 0, 7, weekday_names, 7, true },
};
enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY };

/* What a field was read as; `last` are weekdays with an L behind them. */
struct values {
	uint64_t plain;
	uint32_t last;
	bool star;                /* its first character is `*` */
};

/* A piece of the text. */
struct piece {
	const char *p;
	size_t n;
};

/* The piece as it may be shown again: short, and nothing but printable ASCII. */
static const char *
shown(char out[ITEM_SHOWN + 4], struct piece t)
{
	size_t n = t.n < ITEM_SHOWN ? t.n : ITEM_SHOWN;

	for (size_t i = 0; i < t.n; i++)
		if (t.p[i] <= ' ' || t.p[i] > '~')
			return "a character that has no place here";
	snprintf(out, ITEM_SHOWN + 4, "%.*s%s", (int)n, t.p, n < t.n ? "\u2026" : "");
	return out;
}

static int
bad_value(const struct field *f, struct piece t, struct err *e)
{
	char out[ITEM_SHOWN + 4];

	if (t.n == 1 && *t.p == '?')
		return err_set(e, ERR_INPUT, "%s cannot be ?; write * for any", f->name);
	if (!f->has_last && t.n > 0 && strchr("lL", t.p[t.n - 1]) != NULL &&
	    strspn(t.p, "0123456789") == t.n - 1)
		return err_set(e, ERR_INPUT,
		    "%s cannot use L; only day and weekday have a last one", f->name);
	return err_set(e, ERR_INPUT, "%s must be %s, you wrote %s", f->name, f->range,
	    t.n > 0 ? shown(out, t) : "nothing");
}

/* A number or a name; false is not an error yet. */
static bool
read_value(int *ret, const struct field *f, struct piece t)
{
	int64_t n;
	char text[8];

	if (t.n == 0 || t.n >= sizeof text)
		return false;
	memcpy(text, t.p, t.n);
	text[t.n] = '\0';
	for (int i = 0; i < f->name_count; i++)
		if (strcasecmp(text, f->names[i]) == 0) {
			*ret = f->min + i;
			return true;
		}
	if (!num_parse(&n, text, f->min, f->max))
		return false;
	*ret = (int)n;
	return true;
}

/* The piece of `t` before the first `c`; `t` becomes what is behind it. false: there is none. */
static bool
cut(struct piece *before, struct piece *t, char c)
{
	const char *at = memchr(t->p, c, t->n);

	if (at == NULL)
		return false;
	*before = (struct piece){ t->p, (size_t)(at - t->p) };
	*t = (struct piece){ at + 1, t->n - before->n - 1 };
	return true;
}

static int
read_step(int *ret, const struct field *f, struct piece t, struct err *e)
{
	char text[8] = "", out[ITEM_SHOWN + 4];
	int64_t n;

	if (t.n > 0 && t.n < sizeof text)
		memcpy(text, t.p, t.n);
	if (!num_parse(&n, text, 1, f->max))
		return err_set(e, ERR_INPUT,
		    "%s: the step behind / must be 1\u2013%d, you wrote %s", f->name, f->max,
		    t.n > 0 ? shown(out, t) : "nothing");
	*ret = (int)n;
	return 0;
}

/* from-to, or `*`. */
static int
read_range(int *from, int *to, const struct field *f, struct piece t, struct err *e)
{
	char out[ITEM_SHOWN + 4];
	struct piece whole = t, left;

	if (t.n == 1 && *t.p == '*') {
		*from = f->min;
		*to = f->max;
		return 0;
	}
	if (!cut(&left, &t, '-'))
		return bad_value(f, t, e);
	if (left.n == 0 || memchr(t.p, '-', t.n) != NULL)
		return bad_value(f, whole, e);
	if (!read_value(from, f, left))
		return bad_value(f, left, e);
	if (!read_value(to, f, t))
		return bad_value(f, t, e);
	/* Sunday ends a range of names: fri-sun. */
	if (f == &fields[WEEKDAY] && *to == 0 && *from > 0 && strncasecmp(t.p, "sun", 3) == 0)
		*to = 7;
	if (*from > *to)
		return err_set(e, ERR_INPUT, "%s %s runs backwards; write it as two ranges, %.*s-%d"
		    " and %d-%.*s, with a comma between them", f->name, shown(out, whole),
		    (int)left.n, left.p, f == &fields[WEEKDAY] ? 6 : f->max, f->min, (int)t.n, t.p);
	return 0;
}

/* L in the day, 5L or friL in the weekday; false when it is nothing of the kind. */
static bool
read_last(struct values *v, const struct field *f, struct piece t)
{
	int value;

	if (!f->has_last || t.n == 0 || strchr("lL", t.p[t.n - 1]) == NULL)
		return false;
	if (f == &fields[DAY]) {
		if (t.n != 1)
			return false;
		v->plain |= 1u << CRON_LAST_DAY;
		return true;
	}
	if (!read_value(&value, f, (struct piece){ t.p, t.n - 1 }))
		return false;
	v->last |= 1u << value % 7;
	return true;
}

static int
read_item(struct values *v, const struct field *f, struct piece t, struct err *e)
{
	int from, to, step = 1;
	char out[ITEM_SHOWN + 4];
	struct piece whole = t, range;
	bool stepped = cut(&range, &t, '/');

	if (!stepped)
		range = t;
	if (!stepped && t.n == 1 && f == &fields[WEEKDAY] && strchr("lL", *t.p) != NULL)
		return err_set(e, ERR_INPUT, "Weekday L lacks its day: 5L or friL is the last"
		    " Friday of the month");
	if (!stepped && read_last(v, f, range))
		return 0;
	if (stepped && read_step(&step, f, t, e) != 0)
		return -1;
	if (read_value(&from, f, range)) {
		if (stepped)
			return err_set(e, ERR_INPUT, "%s %s lacks an end; write %.*s-%d/%d",
			    f->name, shown(out, whole), (int)range.n, range.p, f->max, step);
		to = from;
	} else if (read_range(&from, &to, f, range, e) != 0) {
		return -1;
	}
	for (int value = from; value <= to; value += step)
		v->plain |= UINT64_C(1) << (f == &fields[WEEKDAY] ? value % 7 : value);
	return 0;
}

static int
read_field(struct values *v, const struct field *f, struct piece t, struct err *e)
{
	struct piece item, whole = t;
	char out[ITEM_SHOWN + 4];
	bool more;

	*v = (struct values){ 0, 0, *t.p == '*' };
	do {
		more = cut(&item, &t, ',');
		if (!more)
			item = t;
		if (item.n == 0)
			return err_set(e, ERR_INPUT, "%s %s has a comma with nothing beside it",
			    f->name, shown(out, whole));
		if (read_item(v, f, item, e) != 0)
			return -1;
	} while (more);
	return 0;
}

/* "30 or 31 February never happens", for days that no chosen month has. They are some of 30 and 31,
 * and the months some of the short ones: the text has room for all. */
static int
no_such_day(const struct cron *c, struct err *e)
{
	const char *between = "";
	char text[128];
	int n = 0;

	for (int day = 30; day <= 31; day++)
		if ((c->days >> day & 1) != 0) {
			n += snprintf(text + n, sizeof text - (size_t)n, "%s%d", between, day);
			between = " or ";
		}
	between = " ";
	for (int month = 1; month <= 12; month++)
		if ((c->months >> month & 1) != 0) {
			n += snprintf(text + n, sizeof text - (size_t)n, "%s%s", between,
			    calendar_month_name(month));
			between = " or ";
		}
	return err_set(e, ERR_INPUT, "%s never happens", text);
}

static int
check_days(const struct cron *c, struct err *e)
{
	struct cron any = *c;

	if (cron_happens(c))
		return 0;
	any.weekdays = 0x7f;
	if (!cron_happens(&any))
		return no_such_day(c, e);
	return err_set(e, ERR_INPUT, "Day and weekday never meet: in no month does such a day fall"
	    " on such a weekday");
}

static int
check_gap(const struct cron *c, int shortest, struct err *e)
{
	int gap = cron_gap(c), times = 0;
	char every[32] = "minute";

	if (gap >= shortest)
		return 0;
	for (int minute = 0; minute < 60; minute++)
		times += (int)(c->minutes >> minute & 1);
	if (gap > 1)
		snprintf(every, sizeof every, "%d minutes", gap);
	if (times * gap == 60)
		return err_set(e, ERR_INPUT, "Runs every %s; the shortest allowed is %d minutes",
		    every, shortest);
	return err_set(e, ERR_INPUT, "Two runs are only %s%s apart; the shortest allowed is %d"
	    " minutes", gap > 1 ? "" : "a ", every, shortest);
}

static const char *
nickname(const char *text, size_t n)
{
	static const char *const names[][2] = {
		{ "@hourly", "0 * * * *" }, { "@daily", "0 0 * * *" }, { "@midnight", "0 0 * * *" },
		{ "@weekly", "0 0 * * 0" }, { "@monthly", "0 0 1 * *" }, { "@yearly", "0 0 1 1 *" },
		{ "@annually", "0 0 1 1 *" },
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i][0]) == n && strncasecmp(names[i][0], text, n) == 0)
			return names[i][1];
	return NULL;
}

/* Cut into fields at blanks; returns how many there are, of which the first FIELDS are
 * put into `out`. */
static int
split(struct piece out[FIELDS], const char *text)
{
	int n = 0;

	for (const char *p = text + strspn(text, blanks); *p != '\0'; p += strspn(p, blanks), n++) {
		size_t length = strcspn(p, blanks);

		if (n < FIELDS)
			out[n] = (struct piece){ p, length };
		p += length;
	}
	return n;
}

static int
wrong_count(int n, struct err *e)
{
	static const char *const words[] = { "nothing", "one", "two", "three", "four", "five",
		"six", "seven" };
	char number[16];

	snprintf(number, sizeof number, "%d", n);
	return err_set(e, ERR_INPUT, "A schedule has five fields: minute, hour, day, month,"
	    " weekday; you wrote %s", n < 8 ? words[n] : number);
}

int
cron_read(struct cron *ret, const char *text, int shortest, struct err *e)
{
	struct piece pieces[FIELDS];
	struct values v[FIELDS];
	const char *meant;
	char out[ITEM_SHOWN + 4];
	struct cron c;
	int n;

	if (strlen(text) > CRON_TEXT_MAX)
		return err_set(e, ERR_INPUT, "A schedule has at most %d characters", CRON_TEXT_MAX);
	n = split(pieces, text);
	if (n == 1 && *pieces[0].p == '@') {
		meant = nickname(pieces[0].p, pieces[0].n);
		if (meant == NULL)
			return err_set(e, ERR_INPUT, "There is no %s; use @hourly, @daily, @weekly,"
			    " @monthly or @yearly", shown(out, pieces[0]));
		n = split(pieces, meant);
	}
	if (n != FIELDS)
		return wrong_count(n, e);
	for (int i = 0; i < FIELDS; i++)
		if (read_field(&v[i], &fields[i], pieces[i], e) != 0)
			return -1;
	c = (struct cron){
		.minutes = v[MINUTE].plain,
		.hours = (uint32_t)v[HOUR].plain,
		.days = (uint32_t)v[DAY].plain,
		.months = (uint32_t)v[MONTH].plain,
		.weekdays = (uint32_t)v[WEEKDAY].plain,
		.last_weekdays = v[WEEKDAY].last,
		.fixed = !v[MINUTE].star && !v[HOUR].star,
		.either = !v[DAY].star && !v[WEEKDAY].star,
	};
	if (check_days(&c, e) != 0 || check_gap(&c, shortest, e) != 0)
		return -1;
	*ret = c;
	return 0;
}
