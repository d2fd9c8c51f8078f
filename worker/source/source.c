/* source.c: the table of engines. */
#include "worker/source/source.h"

#include <assert.h>
#include <string.h>

#include "worker/source/drivers.h"

const struct source_driver *
source_driver(enum engine engine)
{
	static const struct source_driver *const drivers[ENGINES] = {
		[ENGINE_POSTGRESQL] = &src_postgresql_driver,
		[ENGINE_SQLITE] = &src_sqlite_driver,
		[ENGINE_FILES] = &src_files_driver,
	};

	assert(engine < ENGINES);
	return drivers[engine];
}

size_t
source_lines(const char *const **ret, struct arena *a, const char *text)
{
	const char **lines = NULL;
	size_t count = 0, capacity = 0;

	while (*text != '\0') {
		size_t n = strcspn(text, "\n"), kept = n;

		if (kept > 0 && text[kept - 1] == '\r')
			kept--;
		if (kept > 0) {
			lines = arena_grow(a, lines, count, &capacity, sizeof *lines);
			lines[count++] = arena_dupn(a, text, kept);
		}
		text += n + (text[n] == '\n');
	}
	*ret = lines;
	return count;
}
