/* ticks.c: files and folders that were ticked on the page of a backup's files. */
#include "cgi/handle/ticks.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/num.h"
#include "lib/base/utf8.h"

enum { OWN_NAME_MAX = 200 };

/* What a browser saves it as; none begins with a dot, for such ones are unfinished files. */
static const char *
own_name(struct arena *a, const struct ticks *t)
{
	const struct listing_entry *only = &t->entries[0];

	if (t->count != 1 || only->type != LISTING_FILE)
		return NULL;
	return arena_printf(a, "%s%.*s", only->name[0] == '.' ? "_" : "",
	    (int)utf8_cut(only->name, OWN_NAME_MAX), only->name);
}

int
ticks_read(struct ticks *ret, const struct request *rq, struct db *list,
    const struct params *from, struct err *e)
{
	struct listing_entry *entries = arena_array(rq->arena, from->count + 1, sizeof *entries);
	CLEANUP_BUF struct buf paths = BUF_INIT;

	*ret = (struct ticks){ .entries = entries };
	for (size_t i = 0; i < from->count; i++) {
		struct listing_entry *entry = &entries[ret->count];
		int64_t id;

		if (strcmp(from->items[i].name, "entry") != 0)
			continue;
		if (!num_parse(&id, from->items[i].value, 1, INT64_MAX))
			return err_set(e, ERR_NOT_FOUND, "this backup has no such file");
		if (listing_by_id(entry, rq->arena, list, id, e) != 0)
			return -1;
		if (!entry->plain)
			return err_set(e, ERR_INPUT, "%s cannot be chosen by itself, as its name"
			    " cannot be typed; choose the folder it is in", entry->path);
		buf_printf(&paths, "%s%s", ret->count > 0 ? "\n" : "", entry->path);
		ret->count++;
	}
	ret->paths = arena_dupn(rq->arena, paths.p, paths.n);
	ret->file_name = own_name(rq->arena, ret);
	return 0;
}

int
ticks_read_part(struct ticks *ret, const struct request *rq, const struct part *part,
    const struct params *from, struct err *e)
{
	const char *path = listing_file(rq->arena, rq->conf->run, part->uuid);
	CLEANUP_DB struct db *list = NULL;

	*ret = (struct ticks){ .count = 0, .paths = "" };
	if (listing_open(&list, path, e) != 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	return ticks_read(ret, rq, list, from, e);
}
