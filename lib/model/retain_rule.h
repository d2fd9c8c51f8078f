/* retain_rule.h: a keep rule: its numbers, its line of text in the catalogue, its words.
 *
 * The text is words with a space between them, in any order:
 *
 *   forever                 all scheduled backups stay; excludes the next seven
 *   last=N                  the newest N                                      1 to 1000
 *   days=N                  everything of the last N times 24 hours           1 to 3650
 *   hourly=N daily=N        the newest good backup of each of N such periods  1 to 1000
 *   weekly=N                                                                  1 to 520
 *   monthly=N                                                                 1 to 240
 *   yearly=N                                                                  1 to 100
 *   on-demand-days=N        an on-demand backup stays so long ...             1 to 3650
 *   on-demand-last=N        ... and as long as it is among the newest N       1 to 1000
 *   on-demand=together      on-demand and scheduled ones count as one list
 *   failed=N                days for failed, damaged and suspicious ones      1 to 3650 (14)
 *   safety=N                days for safety backups                           1 to 3650 (7)
 *   min-age=N               hours in which no backup goes                     0 to 8760 (24)
 *   min-good=N              good backups of each service that never go        1 to 100  (1)
 *   max-total=SIZE          bytes, or 500MB, 20GB, 1.5TB                      from 1 MB
 *
 * At least one keep of scheduled backups must be there. Numbers in brackets hold when the word is
 * missing. Without a word about on-demand ones no rule ever deletes them.
 */
#ifndef LIB_MODEL_RETAIN_RULE_H
#define LIB_MODEL_RETAIN_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/period.h"

/* What becomes of on-demand and uploaded backups: they stay, have keeps of their own, or count
 * together with the scheduled ones. */
enum retain_demand { DEMAND_STAYS, DEMAND_OWN, DEMAND_TOGETHER };

/* 0 is "no such keep", except where a default is named above. */
struct retain_rule {
	bool forever;
	int64_t last, days;
	int64_t each[PERIODS];
	enum retain_demand demand;
	int64_t demand_days, demand_last;
	int64_t failed_days, safety_days;
	int64_t min_age_hours, min_good;
	int64_t max_total;
};

enum { RETAIN_RULE_TEXT_MAX = 400 };

/* ERR_INPUT says in a sentence which word is wrong and what it takes. */
MUST_USE int retain_rule_parse(struct retain_rule *ret, const char *text, struct err *e);

/* The same, of a schedule that has keeps of its own: the first eight words alone. */
MUST_USE int retain_rule_parse_keeps(struct retain_rule *ret, const char *text, struct err *e);

/* The same rule as a line that parses back to it, words in the order of the table. */
char *retain_rule_text(struct arena *a, const struct retain_rule *rule);
/* Its keeps alone, for retain_rule_parse_keeps(). */
char *retain_rule_text_keeps(struct arena *a, const struct retain_rule *rule);

/* For a page: "keeps 7 daily, 4 weekly, 12 monthly". Of the scheduled ones only. */
char *retain_rule_words(struct arena *a, const struct retain_rule *rule);

/* The rest, as sentences: on-demand, failed and safety backups, what never goes, the limit. */
char *retain_rule_small_print(struct arena *a, const struct retain_rule *rule);

/* All numbers are the same; or those of the keeps alone. */
bool retain_rule_same(const struct retain_rule *a, const struct retain_rule *b);
bool retain_rule_same_keeps(const struct retain_rule *a, const struct retain_rule *b);

#endif
