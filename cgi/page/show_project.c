/* show_project.c: projects, in lists and one by one. */
#include "cgi/page/show_project.h"

void
show_project_environment(struct node *n, struct arena *a, const struct stats_row *row,
    int64_t now)
{
	show_environment_item(n, &row->environment);
	show_environment_safety(n, a, row, now);
}

void
show_project_row(struct node *n, struct arena *a, const struct project *project,
    const struct stats_list *all, int64_t now)
{
	node_set(n, "name", project->name);
	node_set(n, "slug", project->slug);
	node_setf(n, "href", "/p/%s", project->slug);
	node_set(n, "owners", *project->owners == '\0' ? NULL : project->owners);
	page_time(n, "created", project->created_at, now);
	for (size_t i = 0; i < all->count; i++) {
		if (all->rows[i].environment.project == project->id)
			show_project_environment(node_add(n, "environments"), a, &all->rows[i],
			    now);
	}
}

void
show_project_form(struct page *p, const struct project *project)
{
	node_set(p->root, "name.value", project->name);
	node_set(p->root, "slug.value", project->slug);
	node_set(p->root, "owners.value", project->owners);
}
