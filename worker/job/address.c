/* address.c: where a service leads, kept in front of the mark of a part that was built for it. */
#include "worker/job/address.h"

#include <string.h>

static const char begins[] = "at {";

const char *
address_line(struct arena *a, const struct service *s)
{
	struct service_settings where = { .host = s->settings.host, .port = s->settings.port,
		.database = s->settings.database, .user = "", .tls = "",
		.path = s->settings.path, .roots = s->settings.roots, .excludes = "" };

	return arena_printf(a, "at %s\n", service_settings_json(a, s->engine, &where));
}

size_t
address_size(const char *mark)
{
	const char *end = strchr(mark, '\n');

	if (strncmp(mark, begins, sizeof begins - 1) != 0 || end == NULL)
		return 0;
	return (size_t)(end - mark) + 1;
}

bool
address_same(struct arena *a, const struct service *s, const char *mark)
{
	const char *now = address_line(a, s);
	size_t n = address_size(mark);

	return n == strlen(now) && strncmp(mark, now, n) == 0;
}

static const char *
one_line(struct arena *a, const char *lines)
{
	char *text = arena_dup(a, lines), *at;

	while ((at = strchr(text, '\n')) != NULL)
		*at = ' ';
	return text;
}

const char *
address_words(struct arena *a, enum engine engine, const char *mark)
{
	size_t n = address_size(mark), head = sizeof begins - 2;
	struct service_settings s;
	struct err ignored;

	if (n == 0 ||
	    service_settings_parse(&s, a, engine, arena_dupn(a, mark + head, n - head - 1),
	        &ignored) != 0)
		return "where it led";
	if (engine == ENGINE_FILES)
		return arena_printf(a, "the folder %s", one_line(a, s.roots));
	if (engine == ENGINE_SQLITE)
		return arena_printf(a, "the file %s", s.path);
	return arena_printf(a, "database %s on %s", s.database,
	    *s.host != '\0' ? s.host : "this machine");
}
