/* near_source.c: does a storage lie on the disk of what it keeps? */
#include "worker/job/near_source.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/store/projects.h"

/* The first of these lines that lies on that device; NULL. */
static const char *
on_device(struct arena *a, const char *lines, dev_t device)
{
	while (*lines != '\0') {
		size_t n = strcspn(lines, "\n");
		const char *path = arena_dupn(a, lines, n);
		struct stat st;

		if (n > 0 && stat(path, &st) == 0 && st.st_dev == device)
			return path;
		lines += n + (lines[n] == '\n');
	}
	return NULL;
}

static int
look(const char **ret, struct plan *p, const struct environment *v, dev_t device, struct err *e)
{
	struct service *services;
	size_t count;

	if (services_list(&services, &count, p->arena, p->db, v->id, e) != 0)
		return -1;
	for (size_t i = 0; i < count && **ret == '\0'; i++) {
		const struct service *s = &services[i];
		const char *path = on_device(p->arena, s->settings.roots, device);

		if (path == NULL)
			path = on_device(p->arena, s->settings.path, device);
		if (path != NULL)
			*ret = arena_printf(p->arena, "It lies on the same file system as %s of %s "
			    "in %s/%s: when that disk is lost, both are", path, s->name,
			    v->project_slug, v->slug);
	}
	return 0;
}

int
near_source(const char **ret, struct plan *p, const struct storage *s, struct err *e)
{
	struct environment *list;
	const char *found = "";
	struct stat st;
	size_t count;

	*ret = "";
	if (strcmp(s->kind, "local") != 0 || stat(s->path, &st) != 0)
		return 0;
	if (environments_list(&list, &count, p->arena, p->db, 0, e) != 0)
		return -1;
	for (size_t i = 0; i < count && *found == '\0'; i++)
		if (look(&found, p, &list[i], st.st_dev, e) != 0)
			return -1;
	*ret = found;
	return 0;
}
