/* choice.c: chosen paths of a part: one archive of them, or the one file itself. */
#include "worker/archive/choice.h"

#include <stdlib.h>
#include <string.h>

#include "worker/archive/scroll.h"
#include "worker/archive/stand_in.h"
#include "worker/archive/tar.h"
#include "worker/archive/unpack.h"

struct choice {
	struct arena *arena;
	const struct export_part *part;
	const char *const *paths;
	size_t count;
	struct stand_ins others;      /* first names that come along */
	struct chain_pick pick;
	int64_t bytes;
	struct entry file;            /* path NULL: it is not one file */
};

static bool
wants(void *arg, const struct entry *entry)
{
	const struct choice *c = arg;

	return unpack_chosen(c->paths, c->count, entry->path, entry->type == ENTRY_DIR) ||
	    (entry->type == ENTRY_FILE && stand_in_find(&c->others, entry->path) != NULL);
}

static void
keep_file(struct choice *c, const struct entry *entry)
{
	c->file = *entry;
	c->file.path = arena_dup(c->arena, entry->path);
	c->file.pack = arena_dup(c->arena, entry->pack);
	c->file.uname = c->file.gname = c->file.target = "";
}

/* How much it is, and whether it is `only`, a file. */
static int
look(struct choice *c, const char *only, struct err *e)
{
	CLEANUP_SCROLL struct scroll *scroll = NULL;
	const struct entry *entry = NULL;

	if (scroll_open(&scroll, c->part->dest, c->part->manifest, e) != 0)
		return -1;
	c->bytes = 0;
	for (;;) {
		if (scroll_next(&entry, scroll, e) != 0)
			return -1;
		if (entry == NULL)
			return 0;
		if (only != NULL && strcmp(entry->path, only) == 0 && entry->type == ENTRY_FILE)
			keep_file(c, entry);
		if (wants(c, entry))
			c->bytes += TAR_BLOCK +
			    (entry->type == ENTRY_FILE ? entry->size + TAR_BLOCK : 0);
	}
}

int
choice_open(struct choice **ret, const struct export_part *part, const char *const *paths,
    size_t count, struct err *e)
{
	CLEANUP_CHOICE struct choice *c = xmalloc(sizeof *c);
	const struct unpack_spec spec = { .from = *part, .choice = paths, .choice_count = count };

	*c = (struct choice){ .arena = arena_new(), .part = part, .paths = paths, .count = count };
	c->pick = (struct chain_pick){ .wants = wants, .arg = c, .check = true };
	if (stand_in_learn(&c->others, &spec, e) != 0)
		return -1;
	/* A further name stands for the file whose name was first. */
	if (look(c, count != 1 ? NULL : c->others.count == 1 && strcmp(c->others.list[0].instead,
	    paths[0]) == 0 ? c->others.list[0].first : paths[0], e) != 0)
		return -1;
	if (c->file.path != NULL)
		c->bytes = c->file.size;
	*ret = c;
	c = NULL;
	return 0;
}

void
choice_closep(struct choice **c)
{
	struct choice *gone = *c;

	*c = NULL;
	if (gone == NULL)
		return;
	stand_in_release(&gone->others);
	arena_free(gone->arena);
	free(gone);
}

const struct chain_pick *
choice_pick(const struct choice *c)
{
	return &c->pick;
}

int64_t
choice_bytes(const struct choice *c)
{
	return c->bytes;
}

const struct entry *
choice_file(const struct choice *c)
{
	return c->file.path != NULL ? &c->file : NULL;
}
