/* retain_inner.h: what retain.c and retain_when.c share, and nobody else includes. */
#ifndef LIB_MODEL_RETAIN_INNER_H
#define LIB_MODEL_RETAIN_INNER_H

#include "lib/model/retain.h"

#define RETAIN_BIT(why) (UINT32_C(1) << (why))

/* Which list of the rule a backup is in. */
enum retain_class {
	CLASS_OUT,       /* none: nothing of it is decided or counted */
	CLASS_COUNTED,
	CLASS_DEMAND,
	CLASS_SAFETY,
	CLASS_FAILED     /* failed, damaged, missing or suspicious */
};

/* One backup while it is judged. */
struct retain_work {
	const struct retain_item *item;
	struct retain_verdict *verdict;
	size_t place;               /* in the question */
	enum retain_class class;
	bool young;
	int64_t taken;
	int64_t keys[PERIODS];
	/* What keeps it: until when, until how many newer ones (0: not known how many). */
	int64_t until;
	bool until_newer;
	int64_t newer;
	/* Services whole in it, those of them for which the rule keeps it, the first of these. */
	size_t services, kept_services;
	const char *kept_service;
};

/*
 * The counted backups of one service, newest first. Groups are the periods that have one, newest
 * first; `group` gives the one of each backup, `head` its newest backup.
 */
struct retain_chain {
	const struct retain_ask *ask;
	struct retain_work *const *list;
	size_t n;
	bool *kept;                  /* one for each of list */
	size_t *group[PERIODS], *head[PERIODS];   /* NULL when the rule has no such keep */
};

/* Mark in the verdicts and in `kept` which ones the rule keeps; makes the groups. */
void retain_chain_keep(struct retain_chain *c, struct arena *scratch);

/* The place of `w` behind one at `place` (1 is the newest); all young ones have one together. */
int64_t retain_chain_place(int64_t place, const struct retain_work *w, bool *young_seen);

/* How far the clock of these periods is ahead of UTC at an instant. */
int64_t retain_ahead(const struct retain_ask *ask, enum period p, int64_t utc_ms);

/* Note in list[i] when the keeps of this chain let it go. */
void retain_when_note(const struct retain_chain *c, size_t i);

/* Something keeps `w` until an instant; until n newer ones are there, of which the schedule says
 * when they come; until n newer ones (0: some) are there, of which nobody knows. */
void retain_when_until(struct retain_work *w, int64_t at);
void retain_when_newer(const struct retain_ask *ask, struct retain_work *w, int64_t n);
void retain_when_uncertain(struct retain_work *w, int64_t n);

/* Sum up in the verdict what was noted. */
void retain_when_conclude(struct retain_work *w, const struct retain_ask *ask);

#endif
