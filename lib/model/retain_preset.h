/* retain_preset.h: the keep rules that most people want, by name. */
#ifndef LIB_MODEL_RETAIN_PRESET_H
#define LIB_MODEL_RETAIN_PRESET_H

#include "lib/model/retain_rule.h"

/* 7/4/12 with on-demand 30 days then the newest 3; the newest N; N days; all. */
enum retain_preset { PRESET_CALENDAR, PRESET_LAST, PRESET_DAYS, PRESET_FOREVER, PRESETS };

const char *retain_preset_name(enum retain_preset preset);    /* "calendar", for a form */
const char *retain_preset_title(enum retain_preset preset);   /* for people */
MUST_USE bool retain_preset_parse(enum retain_preset *ret, const char *name);

/* The rule of a preset. `n` is the N of PRESET_LAST and PRESET_DAYS; 0 takes the usual one. */
struct retain_rule retain_preset_rule(enum retain_preset preset, int64_t n);

/* The N that somebody wrote for a preset; 0 for one that has none, whatever is written. ERR_INPUT:
 * the sentence to show beside the field. */
MUST_USE int retain_preset_typed(int64_t *ret, enum retain_preset preset, const char *text,
    struct err *e);

/* Which preset a rule is, and its N (0 when it has none); PRESETS when somebody made it. */
enum retain_preset retain_preset_of(int64_t *ret_n, const struct retain_rule *rule);
/* The same by its keeps alone: of a schedule that has its own. */
enum retain_preset retain_preset_of_keeps(int64_t *ret_n, const struct retain_rule *keeps);

#endif
