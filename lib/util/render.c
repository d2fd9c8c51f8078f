/* render.c: ClearSilver, and what keeps it harmless. */
#include "lib/util/render.h"

#include <ClearSilver.h>
#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/arena.h"
#include "lib/base/fd.h"
#include "lib/base/utf8.h"

enum {
	OUTPUT_MAX = 16 << 20, /* of one page: a runaway loop ends here, not in memory */
	VALUE_MAX = 1 << 20,   /* of one value: the rest is cut */
	TEMPLATE_MAX = 1 << 20,
	HDF_FILE_MAX = 64 << 10,
	DEPTH_MAX = 24,        /* of names: hdf_destroy() recurses without a limit */
	LOADS_MAX = 64,        /* files of one template: one that includes itself never ends */
};

enum mode { MODE_HTML, MODE_TEXT };

struct tree {
	HDF *hdf;
};

/* A file a parsed template was made of, to see that it changed. */
struct part {
	struct part *next;
	char *path;
	struct timespec changed;
	off_t size;
};

/* A parsed template. One process renders one page at a time, so one CSPARSE serves all. */
struct cached {
	struct cached *next;
	char *folder, *name;
	enum mode mode;
	CSPARSE *cs;
	HDF *hdf;                  /* what it was parsed with; cs->hdf while nothing is rendered */
	struct part *parts;
	int loads;
};

/* ClearSilver has no handle of ours to hang this on, and templates are constants to a process. */
static struct cached *cache;

/* Take a ClearSilver failure apart; gives it back to its allocator. */
static int
failed(struct err *e, NEOERR *why)
{
	STRING text;

	string_init(&text);
	nerr_error_string(why, &text);
	err_set(e, ERR_INTERNAL, "%s", text.buf ? text.buf : "unknown template error");
	string_clear(&text);
	nerr_ignore(&why);
	return -1;
}

/* The HDF only fails for want of memory or for a name that is a fault of ours. */
static void
must(NEOERR *why)
{
	struct err e;

	if (why == STATUS_OK)
		return;
	failed(&e, why);
	fprintf(stderr, "<2>level=fatal event=render.tree msg=\"%s\"\n", e.text);
	abort();
}

struct tree *
tree_new(void)
{
	struct tree *t = xmalloc(sizeof *t);

	must(hdf_init(&t->hdf));
	return t;
}

void
tree_free(struct tree *t)
{
	if (t == NULL)
		return;
	hdf_destroy(&t->hdf);
	free(t);
}

void
tree_freep(struct tree **t)
{
	tree_free(*t);
}

struct node *
tree_root(struct tree *t)
{
	return (struct node *)t->hdf;
}

/* Names are constants and running numbers of ours: letters, digits, '_' and single dots between.
 * "" is the place itself. */
static bool
name_is_ours(const char *name)
{
	int depth = 1;
	char before = '.';

	if (*name == '\0')
		return true;
	for (const char *p = name; *p != '\0'; before = *p++) {
		if (*p == '.' && (before == '.' || ++depth > DEPTH_MAX))
			return false;
		if (*p != '.' && *p != '_' && !isalnum((unsigned char)*p))
			return false;
	}
	return before != '.';
}

struct node *
node_at(struct node *n, const char *name)
{
	HDF *at;

	assert(name_is_ours(name));
	must(hdf_get_node((HDF *)n, name, &at));
	return (struct node *)at;
}

/* The last child is where counting goes on: `last_child` is only kept for long lists. */
static HDF *
last_of(HDF *list)
{
	HDF *at = hdf_obj_child(list);

	if (list->last_child != NULL)
		return list->last_child;
	while (at != NULL && hdf_obj_next(at) != NULL)
		at = hdf_obj_next(at);
	return at;
}

struct node *
node_add(struct node *n, const char *name)
{
	HDF *list = (HDF *)node_at(n, name);
	HDF *last = last_of(list);
	char number[24];

	snprintf(number, sizeof number, "%ld",
	    last ? strtol(hdf_obj_name(last), NULL, 10) + 1 : 0L);
	return node_at((struct node *)list, number);
}

/* Line ends of browsers become ours before control characters are replaced. */
static char *
cleaned(struct arena *a, const char *value, size_t n)
{
	char *unix_lines = arena_dupn(a, value, n);
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (value[i] != '\r' || value[i + 1] != '\n')
			unix_lines[kept++] = value[i];
	return utf8_clean(a, unix_lines, kept);
}

static bool
is_clean(const char *value, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)value[i];

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			return false;
	}
	return utf8_valid(value, n);
}

void
node_set(struct node *n, const char *name, const char *value)
{
	CLEANUP_ARENA struct arena *a = NULL;
	size_t size;

	assert(name_is_ours(name));
	if (value == NULL)
		return;
	size = strnlen(value, VALUE_MAX + 1);
	if (size > VALUE_MAX || !is_clean(value, size)) {
		a = arena_new();
		/* A character cut in two at the limit becomes U+FFFD. */
		value = cleaned(a, value, size > VALUE_MAX ? VALUE_MAX : size);
	}
	must(hdf_set_value((HDF *)n, name, value));
}

void
node_setf(struct node *n, const char *name, const char *fmt, ...)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	va_list ap;
	char *value;

	va_start(ap, fmt);
	value = arena_vprintf(a, fmt, ap);
	va_end(ap);
	node_set(n, name, value);
}

void
node_flag(struct node *n, const char *name, bool on)
{
	if (on)
		node_set(n, name, "1");
}

void
node_int(struct node *n, const char *name, int64_t value)
{
	node_setf(n, name, "%" PRId64, value);
}

const char *
node_get(struct node *n, const char *name)
{
	return hdf_get_value((HDF *)n, name, NULL);
}

/* -- loading templates -- */

/*
 * What a template may not say, by the mode it is rendered in (facts measured
 * with 0.10.5): uvar, alt and name print without escaping; lvar, evar and
 * linclude run a value as a template; escape changes the mode.
 */
static const struct {
	const char *word;
	bool html_only;
} banned[] = {
	{ "uvar", true }, { "alt", true }, { "name", true }, { "escape", true },
	{ "lvar", false }, { "evar", false }, { "linclude", false },
};

static bool
word_is(const char *at, const char *word)
{
	size_t n = strlen(word);

	return strncasecmp(at, word, n) == 0 && !isalnum((unsigned char)at[n]);
}

/* NULL, or what is wrong with the command at `at`, which stands behind "<?cs ". */
static const char *
fault_of(const char *at, enum mode mode)
{
	for (size_t i = 0; i < sizeof banned / sizeof *banned; i++)
		if (word_is(at, banned[i].word) && (mode == MODE_HTML || !banned[i].html_only))
			return banned[i].word;
	/* Without '!' a missing file is skipped silently; a name from data could be any file. */
	if (word_is(at, "include") && strncmp(at + strlen("include"), "!\"", 2) != 0)
		return "include without !\"name\"";
	return NULL;
}

static NEOERR *
check_template(const char *name, const char *text, enum mode mode)
{
	const char *fault;
	int line = 1;

	for (const char *p = text; *p != '\0'; p++) {
		line += *p == '\n';
		if (strncasecmp(p, "<?cs", 4) != 0 || !isspace((unsigned char)p[4]))
			continue;
		fault = fault_of(p + 4 + strspn(p + 4, " \t\r\n"), mode);
		if (fault != NULL)
			return nerr_raise(NERR_PARSE, "%s:%d: '%s' is not allowed in a template",
			    name, line, fault);
	}
	return STATUS_OK;
}

static bool
path_is_inside(const char *name)
{
	return name[0] != '\0' && name[0] != '/' && strstr(name, "..") == NULL;
}

static int
read_template(char **ret, struct cached *c, const char *name, struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	char path[PATH_MAX];
	struct part *part;
	struct stat st;

	if (!path_is_inside(name) ||
	    snprintf(path, sizeof path, "%s/%s", c->folder, name) >= (int)sizeof path)
		return err_set(e, ERR_INTERNAL, "template name '%s' is not one below the folder",
		    name);
	if (++c->loads > LOADS_MAX)
		return err_set(e, ERR_INTERNAL, "more than %d files: does '%s' include itself?",
		    LOADS_MAX, name);
	if (fd_read_file(&text, path, TEMPLATE_MAX, e) != 0)
		return -1;
	if (stat(path, &st) != 0)
		return err_sys(e, "look at '%s'", path);
	part = xmalloc(sizeof *part);
	*part = (struct part){ .next = c->parts,
		.path = xstrdup(path),
		.changed = st.st_mtim,
		.size = st.st_size };
	c->parts = part;
	*ret = xstrdup(text.p);
	return 0;
}

/* ClearSilver asks for a file. Any failure is an error, also for an include. */
static NEOERR *
load(void *ctx, HDF *hdf UNUSED, const char *name, char **contents)
{
	struct cached *c = ctx;
	char *text = NULL;
	struct err e;
	NEOERR *bad;

	if (read_template(&text, c, name, &e) != 0)
		return nerr_raise(NERR_IO, "%s", e.text);
	bad = check_template(name, text, c->mode);
	if (bad != STATUS_OK) {
		free(text);
		return nerr_pass(bad);
	}
	*contents = text;
	return STATUS_OK;
}

static void
cached_free(struct cached *c)
{
	for (struct part *p = c->parts, *next; p != NULL; p = next) {
		next = p->next;
		free(p->path);
		free(p);
	}
	if (c->cs != NULL)
		cs_destroy(&c->cs);
	if (c->hdf != NULL)
		hdf_destroy(&c->hdf);
	free(c->folder);
	free(c->name);
	free(c);
}

static void
cached_freep(struct cached **c)
{
	if (*c != NULL)
		cached_free(*c);
}

static void
forget(const struct cached *c)
{
	for (struct cached **at = &cache; *at != NULL; at = &(*at)->next) {
		struct cached *found = *at;

		if (found != c)
			continue;
		*at = found->next;
		cached_free(found);
		return;
	}
}

static int
parse(struct cached **ret, const char *folder, const char *name, enum mode mode, struct err *e)
{
	CLEANUP(cached_freep) struct cached *c = xmalloc(sizeof *c);
	char file[PATH_MAX];
	NEOERR *bad;

	*c = (struct cached){ .folder = xstrdup(folder), .name = xstrdup(name), .mode = mode };
	must(hdf_init(&c->hdf));
	/* cs_init() reads the mode once; without it values would print as they are. */
	must(hdf_set_value(c->hdf, "Config.VarEscapeMode", mode == MODE_HTML ? "html" : "none"));
	bad = cs_init(&c->cs, c->hdf);
	if (bad == STATUS_OK) {
		cs_register_fileload(c->cs, c, load);
		snprintf(file, sizeof file, "%s", name);
		bad = cs_parse_file(c->cs, file);
	}
	if (bad != STATUS_OK)
		return failed(e, bad);
	*ret = c;
	c = NULL;
	return 0;
}

/* In development templates change under us; elsewhere they are read once. */
static bool
is_stale(const struct cached *c)
{
	const char *development = getenv("LAZARETTE_DEV");
	struct stat st;

	if (development == NULL || strcmp(development, "1") != 0)
		return false;
	for (const struct part *p = c->parts; p != NULL; p = p->next)
		if (stat(p->path, &st) != 0 || st.st_size != p->size ||
		    st.st_mtim.tv_sec != p->changed.tv_sec ||
		    st.st_mtim.tv_nsec != p->changed.tv_nsec)
			return true;
	return false;
}

static int
find(struct cached **ret, const char *folder, const char *name, enum mode mode, struct err *e)
{
	struct cached *c = cache;

	while (c != NULL &&
	    (c->mode != mode || strcmp(c->name, name) != 0 || strcmp(c->folder, folder) != 0))
		c = c->next;
	if (c != NULL && is_stale(c)) {
		forget(c);
		c = NULL;
	}
	if (c == NULL) {
		if (parse(&c, folder, name, mode, e) != 0)
			return err_in(e, "template '%s'", name);
		c->next = cache;
		cache = c;
	}
	*ret = c;
	return 0;
}

/* -- rendering -- */

static NEOERR *
append(void *ctx, char *text)
{
	struct buf *out = ctx;
	size_t n = strlen(text);

	if (out->n + n > OUTPUT_MAX)
		return nerr_raise(NERR_OUTOFRANGE, "the page is larger than %d MiB",
		    OUTPUT_MAX >> 20);
	buf_add(out, text, n);
	return STATUS_OK;
}

static int
render(struct buf *out, struct cached *c, struct tree *t, struct err *e)
{
	CLEANUP_BUF struct buf page = BUF_INIT;
	NEOERR *bad;

	/* A parsed template takes any tree: only this pointer ties them. */
	c->cs->hdf = t->hdf;
	bad = cs_render(c->cs, &page, append);
	c->cs->hdf = c->hdf;
	if (bad != STATUS_OK) {
		/* Its local variables may point into a stack that is gone. */
		c->cs->locals = NULL;
		failed(e, bad);
		err_in(e, "template '%s'", c->name);
		forget(c);
		return -1;
	}
	buf_add(out, page.p, page.n);
	return 0;
}

int
render_html(struct buf *out, const char *folder, const char *name, struct tree *t, struct err *e)
{
	struct cached *c;

	if (find(&c, folder, name, MODE_HTML, e) != 0)
		return -1;
	return render(out, c, t, e);
}

int
render_text(struct buf *out, const char *folder, const char *name, struct tree *t, struct err *e)
{
	struct cached *c;

	if (find(&c, folder, name, MODE_TEXT, e) != 0)
		return -1;
	return render(out, c, t, e);
}

/* -- test data -- */

/* Nothing in a .hdf file may nest deeper than DEPTH_MAX or read another file. */
static int
check_hdf(const char *text, struct err *e)
{
	int braces = 0, dots = 0;
	bool in_name = true;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\n') {
			in_name = true;
			dots = 0;
			if (strncmp(p + 1, "#include", 8) == 0)
				return err_set(e, ERR_INPUT, "#include is not allowed");
		} else if (*p == '=' || *p == '<') {
			in_name = false;
		} else if (in_name && *p == '{') {
			braces += 1 + dots;
		} else if (in_name && *p == '.') {
			dots++;
		}
		if (braces + dots > DEPTH_MAX)
			return err_set(e, ERR_INPUT, "deeper than %d levels", DEPTH_MAX);
		if (in_name && *p == '}' && braces > 0)
			braces--;
	}
	return strncmp(text, "#include", 8) == 0 ? err_set(e, ERR_INPUT, "#include is not allowed")
	                                         : 0;
}

int
tree_read(struct tree *t, const char *path, struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	NEOERR *bad;

	if (fd_read_file(&text, path, HDF_FILE_MAX, e) != 0)
		return -1;
	if (check_hdf(text.p, e) != 0)
		return err_in(e, "'%s'", path);
	bad = hdf_read_string(t->hdf, text.p);
	if (bad != STATUS_OK) {
		failed(e, bad);
		e->kind = ERR_INPUT;
		return err_in(e, "'%s'", path);
	}
	return 0;
}
