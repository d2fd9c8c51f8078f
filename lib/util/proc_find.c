/* proc_find.c: where a tool is. */
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/num.h"
#include "lib/util/proc.h"

/* Where Debian keeps one folder per major version of PostgreSQL. */
static const char pg_root[] = "/usr/lib/postgresql";

static char *
runnable(struct arena *a, const char *folder, const char *name)
{
	char *path = arena_printf(a, "%s/%s", folder, name);
	char real[PATH_MAX];

	/* Debian's wrapper chooses a version by clusters on this host: the choice is ours. */
	if (realpath(path, real) == NULL || strcmp(basename(real), "pg_wrapper") == 0)
		return NULL;
	return access(path, X_OK) == 0 ? path : NULL;
}

/* root/N/bin/name of the highest N that is at least `major`. */
static char *
newest(struct arena *a, const char *root, const char *name, int major)
{
	DIR *folder = opendir(root);
	struct dirent *entry;
	int64_t best = -1, n;
	char *ret = NULL, *path;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		if (!num_parse(&n, entry->d_name, major, 1000) || n <= best)
			continue;
		path = runnable(a, arena_printf(a, "%s/%s/bin", root, entry->d_name), name);
		if (path != NULL) {
			best = n;
			ret = path;
		}
	}
	if (folder != NULL)
		closedir(folder);
	return ret;
}

int
proc_find(char **ret, struct arena *a, const char *name, int major, struct err *e)
{
	static const char *const folders[] = { "/usr/local/bin", "/usr/bin", "/bin" };
	static const char *const of_postgresql[] = { "pg_dump", "pg_restore", "psql" };
	const char *tools = getenv("LAZARETTE_TOOLS"), *package = name;
	char *path = NULL;

	if (tools != NULL && (path = runnable(a, tools, name)) == NULL)
		path = newest(a, tools, name, major);
	if (path == NULL)
		path = newest(a, pg_root, name, major);
	for (size_t i = 0; path == NULL && i < sizeof folders / sizeof folders[0]; i++)
		path = runnable(a, folders[i], name);
	if (path != NULL) {
		*ret = path;
		return 0;
	}
	for (size_t i = 0; i < sizeof of_postgresql / sizeof of_postgresql[0]; i++)
		if (strcmp(name, of_postgresql[i]) == 0)
			package = major == 0 ? "postgresql-client" :
			    arena_printf(a, "postgresql-client-%d", major);
	if (major > 0)
		return err_set(e, ERR_INPUT,
		    "%s %d or newer is not installed. Install it with: apt install %s", name, major,
		    package);
	return err_set(e, ERR_INPUT, "%s is not installed. Install it with: apt install %s", name,
	    package);
}
