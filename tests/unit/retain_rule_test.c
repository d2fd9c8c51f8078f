/* retain_rule_test.c: the text of a keep rule, what is refused in it, its words and its presets. */
#include "tests/unit/retaining.h"

static struct retain_rule
parse(const char *text)
{
	struct retain_rule rule;
	struct err e;

	if (retain_rule_parse(&rule, text, &e) != 0)
		fail_msg("%s: %s", text, e.text);
	return rule;
}

static void
what_is_missing_has_its_default(void **state UNUSED)
{
	struct retain_rule rule = parse("daily=7");

	assert_int_equal(rule.each[PERIOD_DAY], 7);
	assert_int_equal(rule.failed_days, 14);
	assert_int_equal(rule.safety_days, 7);
	assert_int_equal(rule.min_age_hours, 24);
	assert_int_equal(rule.min_good, 1);
	assert_int_equal(rule.max_total, 0);
	assert_int_equal(rule.last + rule.days + rule.each[PERIOD_HOUR], 0);
	assert_int_equal(rule.demand, DEMAND_STAYS);
	assert_false(rule.forever);
}

static void
a_rule_is_written_as_it_is_read(void **state UNUSED)
{
	static const struct { const char *given, *text; } cases[] = {
		{ "daily=7", "daily=7 failed=14 safety=7 min-age=24 min-good=1" },
		{ "  monthly=12   daily=7 weekly=4 ",
		    "daily=7 weekly=4 monthly=12 failed=14 safety=7 min-age=24 min-good=1" },
		{ "min-age=0 last=1000 hourly=1000 yearly=100 days=3650",
		    "last=1000 days=3650 hourly=1000 yearly=100 failed=14 safety=7 min-age=0"
		    " min-good=1" },
		{ "forever on-demand=together", "forever on-demand=together failed=14 safety=7"
		    " min-age=24 min-good=1" },
		{ "last=1 on-demand-days=30 on-demand-last=3 failed=1 safety=2 min-good=100",
		    "last=1 on-demand-days=30 on-demand-last=3 failed=1 safety=2 min-age=24"
		    " min-good=100" },
		{ "last=1 max-total=1000000",
		    "last=1 failed=14 safety=7 min-age=24 min-good=1 max-total=1MB" },
		{ "last=1 max-total=1.5TB",
		    "last=1 failed=14 safety=7 min-age=24 min-good=1 max-total=1500GB" },
		{ "last=1 max-total=1234567",
		    "last=1 failed=14 safety=7 min-age=24 min-good=1 max-total=1234567" },
		{ "last=1 max-total=9PB",
		    "last=1 failed=14 safety=7 min-age=24 min-good=1 max-total=9PB" },
		{ "last=1 max-total=2000000kB",
		    "last=1 failed=14 safety=7 min-age=24 min-good=1 max-total=2GB" },
	};
	CLEANUP_ARENA struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct retain_rule rule = parse(cases[i].given), again;

		assert_string_equal(retain_rule_text(a, &rule), cases[i].text);
		again = parse(cases[i].text);
		assert_true(retain_rule_same(&rule, &again));
	}
}

static void
sizes_are_read_to_the_byte(void **state UNUSED)
{
	assert_int_equal(parse("last=1 max-total=1.234MB").max_total, 1234000);
	assert_int_equal(parse("last=1 max-total=20GB").max_total, INT64_C(20000000000));
	assert_int_equal(parse("last=1 max-total=0.5TB").max_total, INT64_C(500000000000));
	assert_int_equal(parse("last=1 max-total=9222PB").max_total,
	    INT64_C(9222) * 1000000000000000);
}

static const struct { const char *text, *sentence; } refused[] = {
	{ "", "This rule keeps nothing; say for instance daily=7" },
	{ "   ", "This rule keeps nothing; say for instance daily=7" },
	{ "failed=3 max-total=5GB", "This rule keeps nothing; say for instance daily=7" },
	{ "last=0", "\u201clast\u201d must be 1\u20131000, you wrote 0" },
	{ "last=1001", "\u201clast\u201d must be 1\u20131000, you wrote 1001" },
	{ "days=0", "\u201cdays\u201d must be 1\u20133650, you wrote 0" },
	{ "days=3651", "\u201cdays\u201d must be 1\u20133650, you wrote 3651" },
	{ "hourly=1001", "\u201chourly\u201d must be 1\u20131000, you wrote 1001" },
	{ "daily=-7", "\u201cdaily\u201d must be 1\u20131000, you wrote -7" },
	{ "daily=7d", "\u201cdaily\u201d must be 1\u20131000, you wrote 7d" },
	{ "daily=1e3", "\u201cdaily\u201d must be 1\u20131000, you wrote 1e3" },
	{ "daily=99999999999999999999",
	    "\u201cdaily\u201d must be 1\u20131000, you wrote"
	    " 99999999999999999999" },
	{ "weekly=521", "\u201cweekly\u201d must be 1\u2013520, you wrote 521" },
	{ "monthly=241", "\u201cmonthly\u201d must be 1\u2013240, you wrote 241" },
	{ "yearly=101", "\u201cyearly\u201d must be 1\u2013100, you wrote 101" },
	{ "last=1 on-demand-days=3651",
	    "\u201con-demand-days\u201d must be 1\u20133650, you wrote 3651" },
	{ "last=1 on-demand-last=0",
	    "\u201con-demand-last\u201d must be 1\u20131000, you wrote 0" },
	{ "last=1 failed=0", "\u201cfailed\u201d must be 1\u20133650, you wrote 0" },
	{ "last=1 safety=0", "\u201csafety\u201d must be 1\u20133650, you wrote 0" },
	{ "last=1 min-age=8761",
	    "\u201cmin-age\u201d must be 0\u20138760, you wrote 8761" },
	{ "last=1 min-good=0", "\u201cmin-good\u201d must be 1\u2013100, you wrote 0" },
	{ "daily", "\u201cdaily\u201d needs a number" },
	{ "daily=", "\u201cdaily\u201d needs a number" },
	{ "daily=7 daily=8", "\u201cdaily\u201d stands there twice" },
	{ "forever forever", "\u201cforever\u201d stands there twice" },
	{ "dayly=7",
	    "A keep rule has no word \u201cdayly\u201d; did you mean \u201cdaily\u201d?" },
	{ "zzzzzzzzzz=7", "A keep rule has no word \u201czzzzzzzzzz\u201d" },
	{ "=7", "A keep rule has no word \u201c\u201d" },
	{ "daily = 7", "\u201cdaily\u201d needs a number" },
	{ "forever=1", "\u201cforever\u201d stands alone, without =" },
	{ "forever daily=7",
	    "\u201cforever\u201d keeps all: leave out the other keeps, or leave out "
	    "forever" },
	{ "last=1 on-demand=apart",
	    "\u201con-demand\u201d can only be \u201ctogether\u201d" },
	{ "last=1 on-demand", "\u201con-demand\u201d can only be \u201ctogether\u201d" },
	{ "last=1 on-demand=together on-demand-last=3",
	    "\u201con-demand=together\u201d leaves no room for on-demand-days or "
	    "on-demand-last" },
	{ "last=1 max-total=5", "\u201cmax-total\u201d must be at least 1MB" },
	{ "last=1 max-total=999kB", "\u201cmax-total\u201d must be at least 1MB" },
	{ "last=1 max-total", "\u201cmax-total\u201d is a size such as 500MB or 1.5TB" },
	{ "last=1 max-total=", "\u201cmax-total\u201d is a size such as 500MB or 1.5TB" },
	{ "last=1 max-total=GB", "\u201cmax-total\u201d is a size such as 500MB or 1.5TB" },
	{ "last=1 max-total=5gb",
	    "\u201cmax-total\u201d is a size such as 500MB or 1.5TB" },
	{ "last=1 max-total=5.GB",
	    "\u201cmax-total\u201d is a size such as 500MB or 1.5TB" },
	{ "last=1 max-total=5.1234GB",
	    "\u201cmax-total\u201d is a size such as 500MB or 1.5TB" },
	{ "last=1 max-total=1.5",
	    "\u201cmax-total\u201d is a size such as 500MB or 1.5TB" },
	{ "last=1 max-total=99999PB",
	    "\u201cmax-total\u201d is a size such as 500MB or 1.5TB" },
	{ "last=1 max-total=-5GB",
	    "\u201cmax-total\u201d is a size such as 500MB or 1.5TB" },
	{ "daily=7\n", "A keep rule is one line of plain words and numbers" },
	{ "daily=7\tweekly=4", "A keep rule is one line of plain words and numbers" },
	{ "daily=\xef\xbc\x97", "A keep rule is one line of plain words and numbers" },
	{ "daily=0000000000000000000000000000000000000000000000007",
	    "A word of a keep rule has at most 40 letters" },
};

static void
what_is_wrong_is_told_in_a_sentence(void **state UNUSED)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct retain_rule rule = { .last = 4711 };
		struct err e = { 0 };

		if (retain_rule_parse(&rule, refused[i].text, &e) != -1)
			fail_msg("'%s' is taken", refused[i].text);
		assert_string_equal(e.text, refused[i].sentence);
		assert_int_equal(e.kind, ERR_INPUT);
		assert_int_equal(rule.last, 4711);
	}
}

static void
a_text_that_is_too_long_is_refused(void **state UNUSED)
{
	char text[RETAIN_RULE_TEXT_MAX + 2];
	struct retain_rule rule;
	struct err e;

	memset(text, ' ', sizeof text);
	memcpy(text, "daily=7", 7);
	text[RETAIN_RULE_TEXT_MAX] = '\0';
	assert_int_equal(retain_rule_parse(&rule, text, &e), 0);
	text[RETAIN_RULE_TEXT_MAX] = ' ';
	text[RETAIN_RULE_TEXT_MAX + 1] = '\0';
	assert_int_equal(retain_rule_parse(&rule, text, &e), -1);
	assert_string_equal(e.text, "A keep rule has at most 400 characters");
}

static void
the_longest_rule_fits(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct retain_rule rule = parse("last=1000 days=3650 hourly=1000 daily=1000 weekly=520"
	                                " monthly=240 yearly=100 on-demand-days=3650"
	                                " on-demand-last=1000 failed=3650 safety=3650"
	                                " min-age=8760 min-good=100 max-total=123456789012345678");
	const char *text = retain_rule_text(a, &rule);
	struct retain_rule again;

	assert_true(strlen(text) < RETAIN_RULE_TEXT_MAX);
	again = parse(text);
	assert_true(retain_rule_same(&rule, &again));
}

static void
a_rule_has_words_for_a_page(void **state UNUSED)
{
	static const struct { const char *text, *words; } cases[] = {
		{ "daily=7 weekly=4 monthly=12", "keeps 7 daily, 4 weekly, 12 monthly" },
		{ "last=1", "keeps the newest one" },
		{ "last=30", "keeps the newest 30" },
		{ "days=1", "keeps everything of the last 24 hours" },
		{ "days=365", "keeps everything of the last 365 days" },
		{ "forever", "keeps all" },
		{ "last=3 days=2 hourly=24 yearly=5",
		    "keeps the newest 3, everything of the last 2 days, 24 hourly, 5 yearly" },
	};
	CLEANUP_ARENA struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct retain_rule rule = parse(cases[i].text);

		assert_string_equal(retain_rule_words(a, &rule), cases[i].words);
	}
}

static void
the_rest_of_a_rule_is_told_in_sentences(void **state UNUSED)
{
	static const struct { const char *text, *words; } cases[] = {
		{ "daily=7 on-demand-days=30 on-demand-last=3",
		    "On-demand backups stay 30 days, then the newest 3."
		    " Failed, damaged and suspicious ones stay 14 days and never count;"
		    " safety backups stay 7 days. No backup goes in its first 24 hours."
		    " The newest good backup of each service never goes." },
		{ "daily=7 on-demand-days=1 failed=1 safety=1 min-age=1 min-good=2 max-total=20GB",
		    "On-demand backups stay 1 day."
		    " Failed, damaged and suspicious ones stay 1 day and never count;"
		    " safety backups stay 1 day. No backup goes in its first hour."
		    " The newest 2 good backups of each service never go."
		    " Above 20.0 GB in all, the oldest go first." },
		{ "daily=7 on-demand-last=5 min-age=0",
		    "Of on-demand backups the newest 5 stay."
		    " Failed, damaged and suspicious ones stay 14 days and never count;"
		    " safety backups stay 7 days."
		    " The newest good backup of each service never goes." },
		{ "daily=7 on-demand=together min-age=0",
		    "On-demand backups count together with the scheduled ones."
		    " Failed, damaged and suspicious ones stay 14 days and never count;"
		    " safety backups stay 7 days."
		    " The newest good backup of each service never goes." },
		{ "daily=7 min-age=0",
		    "On-demand backups stay until somebody deletes them."
		    " Failed, damaged and suspicious ones stay 14 days and never count;"
		    " safety backups stay 7 days."
		    " The newest good backup of each service never goes." },
	};
	CLEANUP_ARENA struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct retain_rule rule = parse(cases[i].text);

		assert_string_equal(retain_rule_small_print(a, &rule), cases[i].words);
	}
}

static void
presets_are_rules_that_know_their_name(void **state UNUSED)
{
	static const char *const texts[PRESETS] = {
		[PRESET_CALENDAR] = ("daily=7 weekly=4 monthly=12 on-demand-days=30"
		                     " on-demand-last=3 failed=14 safety=7 min-age=24 min-good=1"),
		[PRESET_LAST] = ("last=30 on-demand=together failed=14 safety=7 min-age=0"
		                 " min-good=1"),
		[PRESET_DAYS] = ("days=365 on-demand=together failed=14 safety=7 min-age=24"
		                 " min-good=1"),
		[PRESET_FOREVER] = "forever failed=14 safety=7 min-age=24 min-good=1",
	};
	CLEANUP_ARENA struct arena *a = arena_new();
	enum retain_preset found;
	struct retain_rule rule;
	int64_t n;

	for (int p = 0; p < PRESETS; p++) {
		rule = retain_preset_rule((enum retain_preset)p, 0);
		assert_string_equal(retain_rule_text(a, &rule), texts[p]);
		assert_int_equal(retain_preset_of(&n, &rule), p);
		assert_true(retain_preset_parse(&found, retain_preset_name((enum retain_preset)p)));
		assert_int_equal(found, p);
		assert_true(strlen(retain_preset_title((enum retain_preset)p)) > 5);
	}
	rule = retain_preset_rule(PRESET_LAST, 3);
	assert_int_equal(retain_preset_of(&n, &rule), PRESET_LAST);
	assert_int_equal(n, 3);
	rule.min_good = 2;
	assert_int_equal(retain_preset_of(&n, &rule), PRESETS);
	rule = parse("daily=7");
	assert_int_equal(retain_preset_of(&n, &rule), PRESETS);
	assert_false(retain_preset_parse(&found, "no such word"));
	assert_false(retain_preset_parse(&found, NULL));
	assert_string_equal(retain_preset_name(PRESETS), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_missing_has_its_default),
		cmocka_unit_test(a_rule_is_written_as_it_is_read),
		cmocka_unit_test(sizes_are_read_to_the_byte),
		cmocka_unit_test(what_is_wrong_is_told_in_a_sentence),
		cmocka_unit_test(a_text_that_is_too_long_is_refused),
		cmocka_unit_test(the_longest_rule_fits),
		cmocka_unit_test(a_rule_has_words_for_a_page),
		cmocka_unit_test(the_rest_of_a_rule_is_told_in_sentences),
		cmocka_unit_test(presets_are_rules_that_know_their_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
