/* stand_in.c: chosen further names of files whose first name is not chosen. */
#include "worker/archive/stand_in.h"

#include <stdlib.h>
#include <string.h>

#include "worker/archive/scroll.h"

static int
by_first(const void *a, const void *b)
{
	const struct stand_in *one = a, *two = b;

	return strcmp(one->first, two->first);
}

static int
by_first_and_place(const void *a, const void *b)
{
	const struct stand_in *one = a, *two = b;
	int order = by_first(a, b);

	return order != 0 ? order : (one->place > two->place) - (one->place < two->place);
}

static void
add(struct stand_ins *s, const struct entry *entry)
{
	struct stand_in *to;

	s->list = arena_grow(s->arena, s->list, s->count, &s->capacity, sizeof s->list[0]);
	to = &s->list[s->count];
	to->place = s->count++;
	to->first = arena_dup(s->arena, entry->target);
	to->instead = arena_dup(s->arena, entry->path);
}

/* Of the further names of one file, the one that comes first in the archive. */
static void
sort(struct stand_ins *s)
{
	size_t kept = 0;

	if (s->count == 0)
		return;
	qsort(s->list, s->count, sizeof s->list[0], by_first_and_place);
	for (size_t i = 0; i < s->count; i++)
		if (kept == 0 || strcmp(s->list[kept - 1].first, s->list[i].first) != 0)
			s->list[kept++] = s->list[i];
	s->count = kept;
}

int
stand_in_learn(struct stand_ins *ret, const struct unpack_spec *spec, struct err *e)
{
	CLEANUP_SCROLL struct scroll *scroll = NULL;
	const struct entry *entry = NULL;
	size_t n = spec->choice_count;
	bool *seen;

	ret->arena = arena_new();
	seen = arena_array(ret->arena, n, sizeof seen[0]);
	if (scroll_open(&scroll, spec->from.dest, spec->from.manifest, e) != 0)
		return -1;
	for (;;) {
		if (scroll_next(&entry, scroll, e) != 0)
			return -1;
		if (entry == NULL)
			break;
		for (size_t i = 0; i < n; i++)
			seen[i] = seen[i] || strcmp(spec->choice[i], entry->path) == 0;
		if (entry->type == ENTRY_HARDLINK
		    && unpack_chosen(spec->choice, n, entry->path, false)
		    && !unpack_chosen(spec->choice, n, entry->target, false))
			add(ret, entry);
	}
	for (size_t i = 0; i < n; i++)
		if (!seen[i])
			return err_set(e, ERR_INPUT, "'%.500s' is not in the backup",
			    spec->choice[i]);
	sort(ret);
	return 0;
}

const char *
stand_in_find(const struct stand_ins *s, const char *first)
{
	const struct stand_in key = { .first = first };
	const struct stand_in *found = s->count == 0
	    ? NULL : bsearch(&key, s->list, s->count, sizeof key, by_first);

	return found != NULL ? found->instead : NULL;
}

void
stand_in_release(struct stand_ins *s)
{
	arena_free(s->arena);
	*s = (struct stand_ins){ .arena = NULL };
}
