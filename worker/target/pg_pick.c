/* pg_pick.c: what of the side the target has not, as SQL that makes it.
 *
 * pg_dump knows how each object is written and which comes first; its table of contents names them
 * by their numbers in the side's catalogues, so what is wanted can be told exactly, whatever their
 * names are.
 */
#include "worker/target/pg_pick.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "lib/util/proc.h"
#include "worker/target/pg_fence.h"

enum { TEXT_MAX = 64 << 20 };

/* One object of the side. Class 0 is what pg_dump keeps without one: a comment, an owner. */
struct object {
	unsigned long class, id;
	bool start, follow;
};

/* One line of the table of contents, with the lines that it depends on. */
struct entry {
	long number;
	const struct object *object;  /* NULL: the target has it, or it has none */
	bool bare;                    /* class 0 */
	bool joins;                   /* an index to the one above it */
	bool told;                    /* what the server has counted of it: it counts again */
	bool wanted;
	const char *needs;            /* " 214 5", to the end of its line */
};

struct contents {
	struct object *objects;
	size_t object_count;
	struct entry *entries;
	size_t count;
	size_t *at;                   /* number of an entry -> its place + 1 */
	size_t numbers;
};

static int
by_number(const void *left, const void *right)
{
	const struct object *a = left, *b = right;

	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

static void
read_objects(struct contents *c, struct arena *a, const char *text)
{
	size_t capacity = 0;
	char *end;

	while (isdigit((unsigned char)*text)) {
		struct object o = { .class = strtoul(text, &end, 10) };

		o.id = strtoul(end + 1, &end, 10);
		o.start = strtoul(end + 1, &end, 10) != 0;
		o.follow = strtoul(end + 1, &end, 10) != 0;
		c->objects = arena_grow(a, c->objects, c->object_count, &capacity,
		    sizeof *c->objects);
		c->objects[c->object_count++] = o;
		text = *end == '\n' ? end + 1 : end;
	}
	if (c->object_count > 0)
		qsort(c->objects, c->object_count, sizeof *c->objects, by_number);
}

/* "12; 1259 16386 TABLE public item shopper" */
static void
read_entry(struct contents *c, struct arena *a, size_t *capacity, const char *line)
{
	struct entry en = { .needs = "" };
	struct object key = { .class = 0 };
	char *end;

	en.number = strtol(line, &end, 10);
	if (en.number <= 0 || *end != ';')
		return;
	key.class = strtoul(end + 1, &end, 10);
	key.id = strtoul(end, &end, 10);
	en.bare = key.class == 0;
	en.joins = en.bare && strncmp(end, " INDEX ATTACH ", 14) == 0;
	en.told = en.bare && strncmp(end, " STATISTICS DATA ", 17) == 0;
	if (!en.bare && c->object_count > 0)
		en.object = bsearch(&key, c->objects, c->object_count, sizeof key, by_number);
	en.wanted = en.object != NULL && en.object->start;
	c->entries = arena_grow(a, c->entries, c->count, capacity, sizeof *c->entries);
	c->entries[c->count++] = en;
	if ((size_t)en.number >= c->numbers)
		c->numbers = (size_t)en.number + 1;
}

static void
read_contents(struct contents *c, struct arena *a, const char *text)
{
	static const char depends[] = ";\tdepends on:";
	size_t capacity = 0;

	for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n') {
		if (isdigit((unsigned char)*text))
			read_entry(c, a, &capacity, text);
		else if (c->count > 0 && strncmp(text, depends, sizeof depends - 1) == 0)
			c->entries[c->count - 1].needs = text + sizeof depends - 1;
	}
	c->at = arena_array(a, c->numbers + 1, sizeof *c->at);
	for (size_t i = 0; i < c->count; i++)
		c->at[c->entries[i].number] = i + 1;
}

/* The next entry of the list; NULL at its end. What is not in the contents is passed over. */
static struct entry *
next_need(const struct contents *c, const char **list)
{
	char *end;

	while (**list == ' ') {
		long number = strtol(*list, &end, 10);

		if (end == *list)
			return NULL;
		*list = end;
		if (number > 0 && (size_t)number < c->numbers && c->at[number] > 0)
			return &c->entries[c->at[number] - 1];
	}
	return NULL;
}

/* What is needed, comes too, as far as nobody had to choose it. */
static void
follow(struct contents *c)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < c->count; i++) {
			const char *list = c->entries[i].needs;
			struct entry *need;

			if (!c->entries[i].wanted)
				continue;
			while ((need = next_need(c, &list)) != NULL) {
				if (need->wanted || need->object == NULL || !need->object->follow)
					continue;
				need->wanted = more = true;
			}
		}
	}
}

/* A comment goes with its object. An index joins the one above only where both are made: where that
 * is there already, the partition got its own when it was attached. */
static void
add_bare(struct contents *c)
{
	for (size_t i = 0; i < c->count; i++) {
		struct entry *en = &c->entries[i], *need;
		const char *list = en->needs;
		bool any = false, all = true;

		if (!en->bare || en->told)
			continue;
		while ((need = next_need(c, &list)) != NULL) {
			any = any || need->wanted;
			all = all && need->wanted;
		}
		en->wanted = any && (all || !en->joins);
	}
}

static int
write_list(const struct contents *c, const char *path, struct err *e)
{
	CLEANUP_BUF struct buf list = BUF_INIT;

	for (size_t i = 0; i < c->count; i++)
		if (c->entries[i].wanted)
			buf_printf(&list, "%ld;\n", c->entries[i].number);
	return fd_put_file(path, list.p, list.n, 0600, e);
}

/* What pg_dump sets of its own accord is ours to set: how long a lock is waited for, and what psql
 * may do. The line becomes blank. */
static void
blank(struct buf *text, const char *begin)
{
	const char *head = strstr(text->p, "\n-- Name: ");
	char *at = strstr(text->p, begin);

	if (at == NULL || (head != NULL && at > head))
		return;
	memset(at + 1, ' ', strcspn(at + 1, "\n"));
}

static void
blank_last(struct buf *text)
{
	static const char last[] = "\n\\unrestrict ";
	char *at = NULL;

	for (char *next = text->p; (next = strstr(next, last)) != NULL; next++)
		at = next;
	if (at != NULL && strchr(at + 1, '\n') != NULL)
		memset(at + 1, ' ', strcspn(at + 1, "\n"));
}

static int
pass(const struct buf *text, enum pg_fence_kind kind, struct err *e)
{
	CLEANUP_PG_FENCE struct pg_fence *fence = pg_fence_new(kind);

	if (pg_fence_read(fence, text->p, text->n, e) != 0)
		return -1;
	return pg_fence_end(fence, e);
}

struct files {
	char *dump, *list;
};

static void
files_remove(struct files *f)
{
	unlink(f->dump);
	unlink(f->list);
}

static int
section(const char **ret, const struct target *t, const struct files *f, const char *which,
    struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	char *tool;

	if (proc_find(&tool, t->src->arena, "pg_restore", 0, e) != 0)
		return -1;
	const char *const argv[] = { tool, "--format=custom", "--file=-", which,
		arena_printf(t->src->arena, "--use-list=%s", f->list), f->dump,
		t->owners ? NULL : "--no-owner", "--no-privileges", NULL };
	struct proc_spec spec = { .argv = argv, .stdin_fd = -1 };

	if (proc_output(&text, TEXT_MAX, &spec, e) != 0)
		return -1;
	blank(&text, "\n\\restrict ");
	blank(&text, "\nSET lock_timeout = ");
	blank_last(&text);
	if (pass(&text, PG_FENCE_DUMP, e) != 0 || pass(&text, PG_FENCE_SQL, e) != 0)
		return -1;
	*ret = arena_dupn(t->src->arena, text.p, text.n);
	return 0;
}

/* The side is ours alone: nobody changes it meanwhile. */
static int
dump(struct buf *contents, const struct target *t, const struct pg_access *side,
    const struct files *f, struct err *e)
{
	CLEANUP_BUF struct buf none = BUF_INIT;
	char *tool, *lister;

	if (proc_find(&tool, t->src->arena, "pg_dump", 0, e) != 0 ||
	    proc_find(&lister, t->src->arena, "pg_restore", 0, e) != 0)
		return -1;
	const char *const argv[] = { tool, "--format=custom", "--schema-only", "--encoding=UTF8",
		"--no-password", arena_printf(t->src->arena, "--file=%s", f->dump), NULL };
	const char *const list[] = { lister, "--list", "--verbose", f->dump, NULL };
	struct proc_spec spec = { .argv = argv, .env = side->env, .stdin_fd = -1,
		.secret = t->src->secret };

	if (proc_output(&none, TEXT_MAX, &spec, e) != 0)
		return -1;
	spec = (struct proc_spec){ .argv = list, .stdin_fd = -1 };
	return proc_output(contents, TEXT_MAX, &spec, e);
}

int
pg_pick(struct pg_ddl *ret, const struct target *t, const struct pg_access *side,
    const char *missing, struct err *e)
{
	struct arena *a = t->src->arena;
	CLEANUP(files_remove) struct files f = {
		arena_printf(a, "%s/%s.schema", t->src->scratch, t->tag),
		arena_printf(a, "%s/%s.list", t->src->scratch, t->tag)
	};
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct contents c = { .numbers = 0 };
	struct pg_ddl made = { "", "" };

	read_objects(&c, a, missing);
	if (c.object_count > 0) {
		if (dump(&text, t, side, &f, e) != 0)
			return -1;
		read_contents(&c, a, text.p);
		follow(&c);
		add_bare(&c);
		if (write_list(&c, f.list, e) != 0 ||
		    section(&made.before, t, &f, "--section=pre-data", e) != 0 ||
		    section(&made.behind, t, &f, "--section=post-data", e) != 0)
			return -1;
	}
	*ret = made;
	return 0;
}
