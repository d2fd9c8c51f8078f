/* retain_rule.c: a keep rule: its numbers, its line of text in the catalogue, its words. */
#include "lib/model/retain_rule.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/num.h"
#include "lib/util/near.h"

#define MB INT64_C(1000000)
#define AT(member) offsetof(struct retain_rule, member)

enum shape { COUNT, SIZE, FLAG, TOGETHER };

/* In the order in which the text names them. `initial` holds when the word is missing. */
static const struct word {
	const char *name;
	enum shape shape;
	size_t offset;
	int64_t min, max, initial;
} words[] = {
	{ "forever", FLAG, AT(forever), 0, 1, 0 },
	{ "last", COUNT, AT(last), 1, 1000, 0 },
	{ "days", COUNT, AT(days), 1, 3650, 0 },
	{ "hourly", COUNT, AT(each[PERIOD_HOUR]), 1, 1000, 0 },
	{ "daily", COUNT, AT(each[PERIOD_DAY]), 1, 1000, 0 },
	{ "weekly", COUNT, AT(each[PERIOD_WEEK]), 1, 520, 0 },
	{ "monthly", COUNT, AT(each[PERIOD_MONTH]), 1, 240, 0 },
	{ "yearly", COUNT, AT(each[PERIOD_YEAR]), 1, 100, 0 },
	{ "on-demand-days", COUNT, AT(demand_days), 1, 3650, 0 },
	{ "on-demand-last", COUNT, AT(demand_last), 1, 1000, 0 },
	{ "on-demand", TOGETHER, AT(demand), 0, 0, 0 },
	{ "failed", COUNT, AT(failed_days), 1, 3650, 14 },
	{ "safety", COUNT, AT(safety_days), 1, 3650, 7 },
	{ "min-age", COUNT, AT(min_age_hours), 0, 8760, 24 },
	{ "min-good", COUNT, AT(min_good), 1, 100, 1 },
	{ "max-total", SIZE, AT(max_total), MB, INT64_MAX, 0 },
};
/* The keeps of scheduled backups come first. */
enum { KEEPS = 8, WORDS = sizeof words / sizeof *words, WORD_MAX = 40 };

/* -- text to rule -- */

static int64_t
number(const struct retain_rule *rule, const struct word *w)
{
	return *(const int64_t *)(const void *)((const char *)rule + w->offset);
}

static void
set_number(struct retain_rule *rule, const struct word *w, int64_t n)
{
	*(int64_t *)(void *)((char *)rule + w->offset) = n;
}

static const struct word *
find(const char *name)
{
	for (size_t i = 0; i < WORDS; i++)
		if (strcmp(words[i].name, name) == 0)
			return &words[i];
	return NULL;
}

/* "500", "500MB", "1.5TB": at most three digits behind the point, and a unit when there is one. */
static bool
read_size(int64_t *ret, const char *text)
{
	static const struct { const char *name; int64_t bytes; } units[] = {
		{ "kB", 1000 },           { "MB", MB },
		{ "GB", 1000 * MB },      { "TB", 1000 * 1000 * MB },
		{ "PB", 1000 * 1000 * 1000 * MB },
	};
	size_t whole = strspn(text, "0123456789"), part = 0;
	int64_t unit = 1, n, thousandths = 0;
	char digits[WORD_MAX] = "";

	if (whole == 0 || whole > 18)
		return false;
	if (text[whole] == '.')
		part = strspn(text + whole + 1, "0123456789");
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(text + whole + (part > 0 ? part + 1 : 0), units[i].name) == 0)
			unit = units[i].bytes;
	if (part > 3 || (unit == 1 && text[whole] != '\0'))
		return false;
	memcpy(digits, text, whole);
	if (!num_parse(&n, digits, 0, INT64_MAX / unit - 1))
		return false;
	for (size_t i = 0; i < 3; i++)
		thousandths = thousandths * 10 + (i < part ? text[whole + 1 + i] - '0' : 0);
	*ret = n * unit + thousandths * (unit / 1000);
	return true;
}

static int
set_unknown(const char *name, struct err *e)
{
	const char *known[WORDS], *near;

	for (size_t i = 0; i < WORDS; i++)
		known[i] = words[i].name;
	near = near_word(known, WORDS, name);
	if (near != NULL)
		return err_set(e, ERR_INPUT,
		    "A keep rule has no word \u201c%s\u201d; did you mean \u201c%s\u201d?", name,
		    near);
	return err_set(e, ERR_INPUT, "A keep rule has no word \u201c%s\u201d", name);
}

/* What the word says, in its place of the rule. */
static int
read_value(struct retain_rule *rule, const struct word *w, const char *value, struct err *e)
{
	int64_t n;

	switch (w->shape) {
	case FLAG:
		if (value != NULL)
			return err_set(e, ERR_INPUT, "\u201c%s\u201d stands alone, without =",
			    w->name);
		rule->forever = true;
		return 0;
	case TOGETHER:
		if (value == NULL || strcmp(value, "together") != 0)
			return err_set(e, ERR_INPUT,
			    "\u201c%s\u201d can only be \u201ctogether\u201d", w->name);
		rule->demand = DEMAND_TOGETHER;
		return 0;
	case SIZE:
		if (value == NULL || !read_size(&n, value))
			return err_set(e, ERR_INPUT,
			    "\u201c%s\u201d is a size such as 500MB or 1.5TB", w->name);
		if (n < w->min)
			return err_set(e, ERR_INPUT, "\u201c%s\u201d must be at least 1MB",
			    w->name);
		break;
	case COUNT:
		if (value == NULL || *value == '\0')
			return err_set(e, ERR_INPUT, "\u201c%s\u201d needs a number", w->name);
		if (!num_parse(&n, value, w->min, w->max))
			return err_set(e, ERR_INPUT,
			    "\u201c%s\u201d must be %" PRId64 "\u2013%" PRId64 ", you wrote %s",
			    w->name, w->min, w->max, value);
		break;
	}
	set_number(rule, w, n);
	return 0;
}

static int
read_word(struct retain_rule *rule, bool seen[WORDS], char *text, struct err *e)
{
	char *equals = strchr(text, '=');
	const struct word *w;

	if (strlen(text) > WORD_MAX)
		return err_set(e, ERR_INPUT, "A word of a keep rule has at most %d letters",
		    WORD_MAX);
	if (equals != NULL)
		*equals = '\0';
	if ((w = find(text)) == NULL)
		return set_unknown(text, e);
	if (seen[w - words])
		return err_set(e, ERR_INPUT, "\u201c%s\u201d stands there twice", w->name);
	seen[w - words] = true;
	return read_value(rule, w, equals != NULL ? equals + 1 : NULL, e);
}

/* Words that are right alone, and contradict each other. */
static int
check_together(struct retain_rule *rule, struct err *e)
{
	int64_t keeps = rule->last + rule->days;
	bool own = rule->demand_days > 0 || rule->demand_last > 0;

	for (int p = 0; p < PERIODS; p++)
		keeps += rule->each[p];
	if (keeps == 0 && !rule->forever)
		return err_set(e, ERR_INPUT, "This rule keeps nothing; say for instance daily=7");
	if (keeps > 0 && rule->forever)
		return err_set(e, ERR_INPUT, "\u201cforever\u201d keeps all: leave out the other"
		    " keeps, or leave out forever");
	if (own && rule->demand == DEMAND_TOGETHER)
		return err_set(e, ERR_INPUT, "\u201con-demand=together\u201d leaves no room for"
		    " on-demand-days or on-demand-last");
	if (own)
		rule->demand = DEMAND_OWN;
	return 0;
}

static bool
is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < 0x20 || *text > 0x7e)
			return false;
	return true;
}

int
retain_rule_parse(struct retain_rule *ret, const char *text, struct err *e)
{
	struct retain_rule rule = { 0 };
	bool seen[WORDS] = { false };
	char copy[RETAIN_RULE_TEXT_MAX + 1], *rest = copy, *word;

	if (strlen(text) > RETAIN_RULE_TEXT_MAX)
		return err_set(e, ERR_INPUT, "A keep rule has at most %d characters",
		    RETAIN_RULE_TEXT_MAX);
	if (!is_plain(text))
		return err_set(e, ERR_INPUT, "A keep rule is one line of plain words and numbers");
	memcpy(copy, text, strlen(text) + 1);
	for (size_t i = 0; i < WORDS; i++)
		if (words[i].shape == COUNT || words[i].shape == SIZE)
			set_number(&rule, &words[i], words[i].initial);
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0' && read_word(&rule, seen, word, e) != 0)
			return -1;
	if (check_together(&rule, e) != 0)
		return -1;
	*ret = rule;
	return 0;
}

int
retain_rule_parse_keeps(struct retain_rule *ret, const char *text, struct err *e)
{
	struct retain_rule rule, keeps;

	if (retain_rule_parse(&rule, text, e) != 0 ||
	    retain_rule_parse(&keeps, "last=1", e) != 0)
		return -1;
	keeps.forever = rule.forever;
	keeps.last = rule.last;
	keeps.days = rule.days;
	memcpy(keeps.each, rule.each, sizeof keeps.each);
	if (!retain_rule_same(&keeps, &rule))
		return err_set(e, ERR_INPUT, "Of a schedule only forever, last, days, hourly,"
		    " daily, weekly, monthly and yearly can be set: the rest is the environment's");
	*ret = rule;
	return 0;
}

/* -- rule to text -- */

/* The largest unit that divides it, so that what a person wrote comes back. */
static void
add_size(struct buf *b, const char *name, int64_t bytes)
{
	static const char *const units[] = { "", "kB", "MB", "GB", "TB", "PB" };
	size_t u = 0;

	while (bytes % 1000 == 0 && u + 1 < sizeof units / sizeof *units) {
		bytes /= 1000;
		u++;
	}
	buf_printf(b, " %s=%" PRId64 "%s", name, bytes, units[u]);
}

static char *
text_of(struct arena *a, const struct retain_rule *rule, size_t count)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	for (size_t i = 0; i < count; i++) {
		const struct word *w = &words[i];

		if (w->shape == FLAG && rule->forever)
			buf_printf(&b, " %s", w->name);
		if (w->shape == TOGETHER && rule->demand == DEMAND_TOGETHER)
			buf_printf(&b, " %s=together", w->name);
		if (w->shape == SIZE && number(rule, w) > 0)
			add_size(&b, w->name, number(rule, w));
		if (w->shape == COUNT && (number(rule, w) > 0 || w->min == 0))
			buf_printf(&b, " %s=%" PRId64, w->name, number(rule, w));
	}
	return arena_dup(a, b.p + (b.n > 0));
}

char *
retain_rule_text(struct arena *a, const struct retain_rule *rule)
{
	return text_of(a, rule, WORDS);
}

char *
retain_rule_text_keeps(struct arena *a, const struct retain_rule *rule)
{
	return text_of(a, rule, KEEPS);
}

/* -- words for people -- */

/* "1 day", "30 days" behind what is there already. */
static void
add_count(struct buf *b, int64_t n, const char *thing)
{
	buf_printf(b, "%" PRId64 " %s%s", n, thing, n == 1 ? "" : "s");
}

static void
add_comma(struct buf *b)
{
	buf_text(b, b->n > 0 ? ", " : "");
}

char *
retain_rule_words(struct arena *a, const struct retain_rule *rule)
{
	static const char *const names[PERIODS] = { "hourly", "daily", "weekly", "monthly",
		"yearly" };
	CLEANUP_BUF struct buf b = BUF_INIT;

	if (rule->forever)
		return arena_dup(a, "keeps all");
	if (rule->last == 1)
		buf_text(&b, "the newest one");
	else if (rule->last > 1)
		buf_printf(&b, "the newest %" PRId64, rule->last);
	if (rule->days > 0) {
		add_comma(&b);
		buf_text(&b, "everything of the last ");
		if (rule->days == 1)
			buf_text(&b, "24 hours");
		else
			add_count(&b, rule->days, "day");
	}
	for (int p = 0; p < PERIODS; p++) {
		if (rule->each[p] == 0)
			continue;
		add_comma(&b);
		buf_printf(&b, "%" PRId64 " %s", rule->each[p], names[p]);
	}
	return arena_printf(a, "keeps %s", b.p);
}

static void
add_demand(struct buf *b, const struct retain_rule *rule)
{
	static const char whose[] = "On-demand backups";

	switch (rule->demand) {
	case DEMAND_TOGETHER:
		buf_printf(b, "%s count together with the scheduled ones.", whose);
		return;
	case DEMAND_STAYS:
		buf_printf(b, "%s stay until somebody deletes them.", whose);
		return;
	case DEMAND_OWN:
		break;
	}
	if (rule->demand_days > 0) {
		buf_printf(b, "%s stay ", whose);
		add_count(b, rule->demand_days, "day");
	}
	if (rule->demand_last == 0)
		buf_text(b, ".");
	else if (rule->demand_days == 0)
		buf_printf(b, "Of on-demand backups the newest %" PRId64 " stay.",
		    rule->demand_last);
	else
		buf_printf(b, ", then the newest %" PRId64 ".", rule->demand_last);
}

char *
retain_rule_small_print(struct arena *a, const struct retain_rule *rule)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	char size[NUM_TEXT];

	add_demand(&b, rule);
	buf_text(&b, " Failed, damaged and suspicious ones stay ");
	add_count(&b, rule->failed_days, "day");
	buf_text(&b, " and never count; safety backups stay ");
	add_count(&b, rule->safety_days, "day");
	buf_text(&b, ".");
	if (rule->min_age_hours == 1)
		buf_text(&b, " No backup goes in its first hour.");
	else if (rule->min_age_hours > 1)
		buf_printf(&b, " No backup goes in its first %" PRId64 " hours.",
		    rule->min_age_hours);
	if (rule->min_good == 1)
		buf_text(&b, " The newest good backup of each service never goes.");
	else
		buf_printf(&b, " The newest %" PRId64 " good backups of each service never go.",
		    rule->min_good);
	if (rule->max_total > 0) {
		num_size(size, rule->max_total);
		buf_printf(&b, " Above %s in all, the oldest go first.", size);
	}
	return arena_dup(a, b.p);
}

static bool
same(const struct retain_rule *a, const struct retain_rule *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if ((words[i].shape == COUNT || words[i].shape == SIZE) &&
		    number(a, &words[i]) != number(b, &words[i]))
			return false;
	return a->forever == b->forever;
}

bool
retain_rule_same(const struct retain_rule *a, const struct retain_rule *b)
{
	return same(a, b, WORDS) && a->demand == b->demand;
}

bool
retain_rule_same_keeps(const struct retain_rule *a, const struct retain_rule *b)
{
	return same(a, b, KEEPS);
}
