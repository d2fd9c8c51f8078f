/* apart.c: would exchanging a folder take another service's data away with it? */
#include "worker/job/apart.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/store/projects.h"

/* The folders, links followed; what is not there yet keeps its name. */
static const char *
real(struct arena *a, const char *path)
{
	char out[PATH_MAX];

	return arena_dup(a, realpath(path, out) != NULL ? out : path);
}

static bool
is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	while (n > 1 && folder[n - 1] == '/')
		n--;
	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* What the restore exchanges: roots, or with several of them a choice below any. */
static size_t
exchanged(const char *const **ret, const struct landing_place *at, struct arena *a)
{
	const struct target *t = &at->target;
	const char *const *roots;
	size_t count = source_lines(&roots, a, at->src.service->settings.roots), n = 0;
	const char **paths = arena_array(a, count * (t->choice_count + 1), sizeof *paths);

	for (size_t i = 0; i < count; i++) {
		if (t->choice_count == 0)
			paths[n++] = real(a, roots[i]);
		for (size_t j = 0; j < t->choice_count; j++)
			paths[n++] = real(a, arena_printf(a, "%s/%s", roots[i], t->choice[j]));
	}
	*ret = paths;
	return n;
}

/* Where a service keeps its data on this machine; none for a server. */
static size_t
places_of(const char *const **ret, const struct service *s, struct arena *a)
{
	if (s->engine == ENGINE_POSTGRESQL)
		return 0;
	return source_lines(ret, a,
	    s->engine == ENGINE_SQLITE ? s->settings.path : s->settings.roots);
}

static const char *
meets(const struct service *s, const char *const *paths, size_t count, struct arena *a)
{
	const char *const *own;
	size_t n = places_of(&own, s, a);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < count; j++)
			if (is_below(real(a, own[i]), paths[j]))
				return arena_printf(a, "Folder %s holds %s of %s/%s (%s): "
				    "replacing the folder would take that away. Choose only the "
				    "paths that are to come back, or add on top", paths[j],
				    s->name, s->project_slug, s->environment_slug, own[i]);
	return NULL;
}

int
apart_refusal(const char **ret, const struct landing_place *at, struct plan *p, struct err *e)
{
	struct environment *all;
	const char *const *paths;
	size_t environments, count;

	*ret = NULL;
	if (at->src.service->engine != ENGINE_FILES || at->target.mode == RESTORE_ADD)
		return 0;
	count = exchanged(&paths, at, p->arena);
	if (environments_list(&all, &environments, p->arena, p->db, 0, e) != 0)
		return -1;
	for (size_t i = 0; i < environments; i++) {
		struct service *services;
		size_t n;

		if (services_list(&services, &n, p->arena, p->db, all[i].id, e) != 0)
			return -1;
		for (size_t j = 0; j < n && *ret == NULL; j++)
			if (services[j].id != at->src.service->id)
				*ret = meets(&services[j], paths, count, p->arena);
	}
	return 0;
}
