/* retain_preset.c: the keep rules that most people want, by name. */
#include "lib/model/retain_preset.h"

#include "lib/base/num.h"
#include "lib/model/word.h"

static const char *const preset_names[PRESETS] = {
	[PRESET_CALENDAR] = "calendar", [PRESET_LAST] = "last",
	[PRESET_DAYS] = "days",         [PRESET_FOREVER] = "forever",
};
enum { USUAL_LAST = 30, USUAL_DAYS = 365, MOST_LAST = 1000, MOST_DAYS = 3650 };

const char *
retain_preset_name(enum retain_preset preset)
{
	return word_of(preset_names, PRESETS, (int)preset);
}

const char *
retain_preset_title(enum retain_preset preset)
{
	static const char *const titles[PRESETS] = {
		[PRESET_CALENDAR] = "7 daily, 4 weekly, 12 monthly",
		[PRESET_LAST] = "The newest ones",
		[PRESET_DAYS] = "A number of days",
		[PRESET_FOREVER] = "All, for ever",
	};

	return word_of(titles, PRESETS, (int)preset);
}

bool
retain_preset_parse(enum retain_preset *ret, const char *name)
{
	int found = word_find(preset_names, PRESETS, name);

	if (found < 0)
		return false;
	*ret = (enum retain_preset)found;
	return true;
}

/*
 * The newest N means N and no more, however close they are: it has no minimum age. The trash, which
 * all that goes passes through, is what stands against a flood of new ones then.
 */
struct retain_rule
retain_preset_rule(enum retain_preset preset, int64_t n)
{
	struct retain_rule rule = {
		.failed_days = 14, .safety_days = 7, .min_age_hours = 24, .min_good = 1
	};

	switch (preset) {
	case PRESET_LAST:
		rule.last = n > 0 ? n : USUAL_LAST;
		rule.min_age_hours = 0;
		rule.demand = DEMAND_TOGETHER;
		return rule;
	case PRESET_DAYS:
		rule.days = n > 0 ? n : USUAL_DAYS;
		rule.demand = DEMAND_TOGETHER;
		return rule;
	case PRESET_FOREVER:
		rule.forever = true;
		return rule;
	case PRESET_CALENDAR:
	case PRESETS:
		break;
	}
	rule.each[PERIOD_DAY] = 7;
	rule.each[PERIOD_WEEK] = 4;
	rule.each[PERIOD_MONTH] = 12;
	rule.demand = DEMAND_OWN;
	rule.demand_days = 30;
	rule.demand_last = 3;
	return rule;
}

int
retain_preset_typed(int64_t *ret, enum retain_preset preset, const char *text, struct err *e)
{
	const char *typed = *text != '\0' ? text : "nothing";

	*ret = 0;
	if (preset == PRESET_LAST && !num_parse(ret, text, 1, MOST_LAST))
		return err_set(e, ERR_INPUT, "Keep 1 to %d of the newest, you wrote %.40s",
		    MOST_LAST, typed);
	if (preset == PRESET_DAYS && !num_parse(ret, text, 1, MOST_DAYS))
		return err_set(e, ERR_INPUT, "Keep for 1 to %d days, you wrote %.40s",
		    MOST_DAYS, typed);
	return 0;
}

static enum retain_preset
find(int64_t *ret_n, const struct retain_rule *rule,
    bool (*same)(const struct retain_rule *a, const struct retain_rule *b))
{
	*ret_n = 0;
	for (int p = 0; p < PRESETS; p++) {
		enum retain_preset preset = (enum retain_preset)p;
		int64_t n = preset == PRESET_LAST ? rule->last
		    : preset == PRESET_DAYS       ? rule->days
		                                  : 0;
		struct retain_rule made = retain_preset_rule(preset, n);

		if (!same(&made, rule))
			continue;
		*ret_n = n;
		return preset;
	}
	return PRESETS;
}

enum retain_preset
retain_preset_of(int64_t *ret_n, const struct retain_rule *rule)
{
	return find(ret_n, rule, retain_rule_same);
}

enum retain_preset
retain_preset_of_keeps(int64_t *ret_n, const struct retain_rule *keeps)
{
	return find(ret_n, keeps, retain_rule_same_keeps);
}
