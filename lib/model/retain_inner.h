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
	enum retain_class class;
	const struct retain_keeps *keeps;   /* its schedule's own; NULL: the environment's */
	bool young;
	int64_t taken;
	int64_t keys[PERIODS];
	/* What keeps it: until when, until how many newer ones. */
	int64_t until;
	bool until_newer;
	int64_t newer;              /* RETAIN_SOME: it is not known how many */
	/* Services whole in it, those of them for which the rule keeps it, the first of these. */
	size_t services, kept_services;
	const char *kept_service;
};

/* A service in a backup; the pieces of one service stand together, newest first. */
struct retain_piece {
	int64_t service;
	size_t rank;                /* of the backup, newest first */
	struct retain_work *work;
	bool good;
	const char *name;
};

/*
 * The counted backups of one service that are counted together, newest first. Groups are the
 * periods that have one, newest first; `group` gives the one of each backup, `head` its newest.
 */
struct retain_chain {
	const struct retain_ask *ask;
	struct retain_keeps by;      /* the rule and pace of these */
	bool any;                    /* whatever schedule runs next brings a newer one */
	struct retain_work *const *list;
	size_t n;
	bool *kept;                  /* one for each of list */
	size_t *group[PERIODS], *head[PERIODS];   /* NULL when the rule has no such keep */
};

/* The rule and pace of the environment itself. */
struct retain_keeps retain_own_keeps(const struct retain_ask *ask);

/* Room for lists of up to n. Then, for each list: mark in the verdicts and in `kept` which ones the
 * rule keeps, and make the groups. */
void retain_chain_room(struct retain_chain *c, struct arena *scratch, size_t n);
void retain_chain_keep(struct retain_chain *c);

/* Of the pieces of one service: those that never go. `list` is room for n. */
void retain_good_keep(const struct retain_ask *ask, struct retain_work **list,
    const struct retain_piece *pieces, size_t n);

/*
 * Is `w` among the newest n? Asked of one after the other, newest first. All young ones have one
 * place together: from the n-th on they share it, and it is their youth that keeps them.
 */
enum retain_place { PLACE_NONE, PLACE_SHARED, PLACE_OWN };
struct retain_count {
	int64_t seen, places;
};
enum retain_place retain_chain_place(struct retain_count *count, const struct retain_work *w,
    int64_t n);

/* How far the clock of these periods is ahead of UTC, at an instant and its local time. */
int64_t retain_ahead(enum period p, int64_t utc_ms, int64_t local);

/* Note in list[i] when the keeps of this chain let it go. */
void retain_when_note(const struct retain_chain *c, size_t i);

/* Something keeps `w` until an instant; until n newer ones are there, of which nobody knows. */
#define RETAIN_SOME INT64_MAX
void retain_when_until(struct retain_work *w, int64_t at);
void retain_when_uncertain(struct retain_work *w, int64_t n);

/* list[i] is among the newest n of the list: of the schedule's, or of one that nobody foretells. */
void retain_when_scheduled_last(const struct retain_chain *c, size_t i, int64_t n);
void retain_when_last(const struct retain_chain *c, size_t i, int64_t n);

/* Sum up in the verdict what was noted. */
void retain_when_conclude(struct retain_work *w, const struct retain_ask *ask);

#endif
