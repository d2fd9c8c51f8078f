/* project.c: words of environments and engines; a service's settings as JSON, and their check. */
#include "lib/model/project.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/num.h"
#include "lib/base/utf8.h"
#include "lib/model/word.h"

static const char *const env_kinds[ENV_KINDS] = {
	[ENV_LIVE] = "live", [ENV_STAGING] = "staging", [ENV_DEVELOPMENT] = "development",
};
static const char *const engine_names[ENGINES] = {
	[ENGINE_POSTGRESQL] = "postgresql", [ENGINE_SQLITE] = "sqlite", [ENGINE_FILES] = "files",
};
static const char *const engine_titles[ENGINES] = {
	[ENGINE_POSTGRESQL] = "PostgreSQL", [ENGINE_SQLITE] = "SQLite", [ENGINE_FILES] = "Files",
};

const char *
environment_kind_name(enum environment_kind kind)
{
	return word_of(env_kinds, ENV_KINDS, (int)kind);
}

bool
environment_kind_parse(enum environment_kind *ret, const char *name)
{
	int found = word_find(env_kinds, ENV_KINDS, name);

	if (found < 0)
		return false;
	*ret = (enum environment_kind)found;
	return true;
}

const char *
engine_name(enum engine engine)
{
	return word_of(engine_names, ENGINES, (int)engine);
}

const char *
engine_title(enum engine engine)
{
	return word_of(engine_titles, ENGINES, (int)engine);
}

bool
engine_is_media(enum engine engine)
{
	return engine == ENGINE_FILES;
}

bool
engine_parse(enum engine *ret, const char *name)
{
	int found = word_find(engine_names, ENGINES, name);

	if (found < 0)
		return false;
	*ret = (enum engine)found;
	return true;
}

/* One setting of an engine: its name in JSON and forms, its place in the struct, whether it is
 * lines. */
struct field {
	const char *name;
	size_t at;
	bool lines;
};
enum { FIELDS_MAX = 6 };
#define AT(member) offsetof(struct service_settings, member)

static const struct field fields[ENGINES][FIELDS_MAX] = {
	[ENGINE_POSTGRESQL] = { { "host", AT(host), false }, { "port", AT(port), false },
	    { "database", AT(database), false }, { "user", AT(user), false },
	    { "tls", AT(tls), false } },
	[ENGINE_SQLITE] = { { "path", AT(path), false } },
	[ENGINE_FILES] = { { "roots", AT(roots), true }, { "excludes", AT(excludes), true } },
};

static const char **
place(struct service_settings *s, const struct field *f)
{
	return (const char **)(void *)((char *)s + f->at);
}

static const char *
value_of(const struct service_settings *s, const struct field *f)
{
	const char *text = *(const char *const *)(const void *)((const char *)s + f->at);

	return text ? text : "";
}

/* Lines as browsers send them: CRLF, blanks at the ends, empty ones. One per line is left, without
 * those. */
static char *
tidy_lines(struct arena *a, const char *text)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	while (*text != '\0') {
		size_t n = strcspn(text, "\r\n"), from = strspn(text, " \t"), to = n;

		while (to > from && (text[to - 1] == ' ' || text[to - 1] == '\t'))
			to--;
		if (to > from) {
			if (out.n > 0)
				buf_char(&out, '\n');
			buf_add(&out, text + from, to - from);
		}
		text += n + (text[n] != '\0');
	}
	return arena_dupn(a, out.p, out.n);
}

char *
service_settings_json(struct arena *a, enum engine engine, const struct service_settings *s)
{
	json_t *object = json_object();
	char *text, *copy;

	for (const struct field *f = fields[engine];
	     f < fields[engine] + FIELDS_MAX && f->name != NULL; f++) {
		const char *value = value_of(s, f);

		if (f->lines)
			value = tidy_lines(a, value);
		json_object_set_new(object, f->name, json_string(value));
	}
	text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	if (text == NULL)
		abort();
	copy = arena_dup(a, text);
	free(text);
	return copy;
}

static void
json_freep(json_t **j)
{
	json_decref(*j);
}

int
service_settings_parse(struct service_settings *ret, struct arena *a, enum engine engine,
    const char *json, struct err *e)
{
	json_error_t why;
	CLEANUP(json_freep) json_t *object = json_loads(json, JSON_REJECT_DUPLICATES, &why);
	struct service_settings s = { "", "", "", "", "", "", "", "" };
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return err_set(e, ERR_INPUT, "the settings of a service are not a JSON object");
	json_object_foreach(object, name, value) {
		const struct field *f = fields[engine], *end = f + FIELDS_MAX;

		while (f < end && f->name != NULL && strcmp(f->name, name) != 0)
			f++;
		if (f == end || f->name == NULL)
			return err_set(e, ERR_INPUT, "a service of kind %s has no setting \"%s\"",
			    engine_name(engine), name);
		if (!json_is_string(value))
			return err_set(e, ERR_INPUT, "the setting \"%s\" must be a text", name);
		*place(&s, f) = arena_dup(a, json_string_value(value));
	}
	*ret = s;
	return 0;
}

struct faults {
	struct field_error *out;
	size_t count;
};

static void
fault(struct faults *faults, const char *field, const char *text)
{
	if (faults->count < SERVICE_ERRORS_MAX)
		faults->out[faults->count++] = (struct field_error){ field, text };
}

/* Text that may stand in a connection string, an argument or a path: valid, and nothing a person
 * cannot see. */
static bool
plain(const char *text, size_t max)
{
	size_t n = strlen(text);

	if (n > max || !utf8_valid(text, n))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return true;
}

static void
check_text(struct faults *faults, const char *field, const char *text, const char *missing)
{
	if (text[strspn(text, " ")] == '\0')
		fault(faults, field, missing);
	else if (!plain(text, 255))
		fault(faults, field, "Use at most 255 characters and no control characters");
}

static void
check_postgresql(struct faults *faults, const struct service_settings *s)
{
	static const char *const modes[] = { "disable", "allow", "prefer", "require", "verify-ca",
		"verify-full" };
	int64_t port;

	check_text(faults, "host", s->host,
	    "Enter a host name, an address, or the folder of a socket");
	if (strpbrk(s->host, " ,") != NULL)
		fault(faults, "host", "Enter one host, without spaces and commas");
	if (!num_parse(&port, s->port, 1, 65535))
		fault(faults, "port", "Port must be 1\u201365535");
	check_text(faults, "database", s->database, "Enter the name of the database");
	check_text(faults, "user", s->user, "Enter the name of the database user");
	if (word_find(modes, sizeof modes / sizeof *modes, s->tls) < 0)
		fault(faults, "tls", "Choose how the connection is encrypted");
}

/* Absolute, and written as it is: no "." or ".." parts that would make it another place. */
static const char *
path_fault(const char *path)
{
	if (path[0] != '/')
		return "must be absolute: begin with /";
	if (!plain(path, 4095))
		return "is too long or holds control characters";
	for (const char *p = path; p != NULL; p = strchr(p + 1, '/')) {
		size_t n = strcspn(p + 1, "/");

		if ((n == 1 && p[1] == '.') || (n == 2 && p[1] == '.' && p[2] == '.'))
			return "must not hold . or .. as a part";
	}
	return NULL;
}

static void
check_sqlite(struct faults *faults, struct arena *a, const struct service_settings *s)
{
	const char *why = path_fault(s->path);

	if (*s->path == '\0')
		fault(faults, "path", "Enter the path of the database file");
	else if (why != NULL)
		fault(faults, "path", arena_printf(a, "The path %s", why));
	else if (s->path[strlen(s->path) - 1] == '/')
		fault(faults, "path", "This is the path of a folder; enter the file's");
}

/* Whether `inner` is `outer` or lies below it. */
static bool
inside(const char *inner, const char *outer)
{
	size_t n = strlen(outer);

	while (n > 1 && outer[n - 1] == '/')
		n--;
	return strncmp(inner, outer, n) == 0 && (n == 1 || inner[n] == '/' || inner[n] == '\0');
}

enum { LINES_MAX = 100 };

/* Splits tidy lines in place; returns LINES_MAX + 1 when there are more. */
static size_t
split(char *lines[LINES_MAX], char *text)
{
	size_t n = 0;

	for (char *end; text != NULL && *text != '\0'; text = end ? end + 1 : NULL) {
		if (n == LINES_MAX)
			return LINES_MAX + 1;
		end = strchr(text, '\n');
		if (end != NULL)
			*end = '\0';
		lines[n++] = text;
	}
	return n;
}

static void
check_roots(struct faults *faults, struct arena *a, const struct service_settings *s)
{
	char *roots[LINES_MAX];
	size_t n = split(roots, tidy_lines(a, s->roots));

	if (n == 0)
		fault(faults, "roots", "Enter at least one folder");
	if (n > LINES_MAX) {
		fault(faults, "roots", "Enter at most 100 folders");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const char *why = path_fault(roots[i]);

		if (why != NULL) {
			fault(faults, "roots",
			    arena_printf(a, "The path %s %s",
			        utf8_clean(a, roots[i], strlen(roots[i])), why));
			return;
		}
		for (size_t j = 0; j < n; j++)
			if (j != i && inside(roots[i], roots[j])) {
				fault(faults, "roots",
				    arena_printf(a, "%s lies in %s: it would be stored twice",
				        roots[i], roots[j]));
				return;
			}
	}
}

/* Where the bracket at p ends: at its "]", or at the end of the pattern when it has none. */
static const char *
bracket_end(const char *p)
{
	p++;
	if (*p == '!' || *p == '^')
		p++;
	if (*p == ']')
		p++;
	while (*p != '\0' && *p != ']') {
		char close[] = { p[1], ']', '\0' };
		/* [:digit:], [.x.] and [=x=] have brackets of their own. */
		const char *inner = *p == '[' && p[1] != '\0' && strchr(":.=", p[1]) != NULL
		    ? strstr(p + 2, close)
		    : NULL;

		if (inner != NULL)
			p = inner + 1;
		else if (*p == '\\' && p[1] != '\0')
			p++;
		p++;
	}
	return p;
}

/* fnmatch() takes a bracket that nothing closes for itself, which nobody means. */
static bool
brackets_close(const char *pattern)
{
	for (const char *p = pattern; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '[' && *(p = bracket_end(p)) == '\0')
			return false;
	}
	return true;
}

static void
check_files(struct faults *faults, struct arena *a, const struct service_settings *s)
{
	char *patterns[LINES_MAX];
	size_t n = split(patterns, tidy_lines(a, s->excludes));

	check_roots(faults, a, s);
	if (n > LINES_MAX) {
		fault(faults, "excludes", "Enter at most 100 patterns");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (!plain(patterns[i], 1000)) {
			fault(faults, "excludes",
			    "A pattern is too long or holds control characters");
			return;
		}
		if (!brackets_close(patterns[i])) {
			fault(faults, "excludes",
			    arena_printf(a, "The pattern %s has no closing bracket",
			        utf8_clean(a, patterns[i], strlen(patterns[i]))));
			return;
		}
	}
}

size_t
service_settings_check(struct field_error out[SERVICE_ERRORS_MAX], struct arena *a,
    enum engine engine, const struct service_settings *given)
{
	struct faults faults = { out, 0 };
	struct service_settings s = { "", "", "", "", "", "", "", "" };

	for (const struct field *f = fields[engine];
	     f < fields[engine] + FIELDS_MAX && f->name != NULL; f++)
		*place(&s, f) = value_of(given, f);
	switch (engine) {
	case ENGINE_POSTGRESQL:
		check_postgresql(&faults, &s);
		break;
	case ENGINE_SQLITE:
		check_sqlite(&faults, a, &s);
		break;
	case ENGINE_FILES:
		check_files(&faults, a, &s);
		break;
	case ENGINES:
		break;
	}
	return faults.count;
}
