/* on_project.c: projects. */
#include "cgi/handle/on_project.h"

#include <string.h>

#include "cgi/handle/emails.h"
#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/trail.h"
#include "cgi/page/complaints.h"
#include "cgi/page/show_project.h"
#include "lib/model/name.h"
#include "lib/store/projects.h"

/* The form of a project, with what is wrong in it. */
struct form {
	struct project p;
	struct complaints wrong;
};

static void
read_form(struct form *f, const struct request *rq)
{
	const char *wrong;
	struct err why;

	f->p.name = request_field(rq, "name");
	f->p.slug = request_field(rq, "slug");
	if (name_check_title("Name", f->p.name, &why) != 0)
		complaints_add(&f->wrong, "name", arena_dup(rq->arena, why.text));
	if (name_check_slug(f->p.slug, &why) != 0)
		complaints_add(&f->wrong, "slug", arena_dup(rq->arena, why.text));
	wrong = emails_read(&f->p.owners, rq, "owners");
	if (wrong != NULL)
		complaints_add(&f->wrong, "owners", wrong);
}

/* `stored` is NULL for a new project. */
static int
send_form(struct reply *rp, const struct request *rq, const struct form *f,
    const struct project *stored, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };

	page_begin(&p, rq, "project_form.cs", stored == NULL ? "Add a project" :
	    arena_printf(rq->arena, "Settings of %s", stored->name));
	page_crumb(&p, "Projects", "/projects");
	if (stored != NULL)
		page_crumb(&p, stored->slug, arena_printf(rq->arena, "/p/%s", stored->slug));
	page_crumb(&p, stored == NULL ? "Add" : "Settings", NULL);
	show_project_form(&p, &f->p);
	node_flag(p.root, "new", stored == NULL);
	if (f->wrong.count > 0)
		page_errors(&p, rp, f->wrong.items, f->wrong.count);
	return page_send(rp, rq, &p, e);
}

/* The same project, added a moment ago: the button was pressed twice. */
static bool
is_repeated(const struct form *f, const struct request *rq)
{
	struct project there;
	struct err why;

	return projects_by_slug(&there, rq->arena, rq->db, f->p.slug, &why) == 0 &&
	    strcmp(there.name, f->p.name) == 0 && strcmp(there.owners, f->p.owners) == 0 &&
	    find_repeated(rq, there.created_at);
}

/* Written, or refused because the name in the address is taken: then the form again. */
static int
written(struct reply *rp, struct request *rq, struct form *f, const struct project *stored,
    struct err *e)
{
	struct err why;

	if ((stored == NULL ? projects_add(&f->p, rq->db, &why)
	                    : projects_update(&f->p, rq->db, &why)) != 0) {
		if (why.kind != ERR_CONFLICT) {
			*e = why;
			return -1;
		}
		if (stored == NULL && is_repeated(f, rq))
			return reply_see_other(rp, "/p/%s?said=created", f->p.slug);
		complaints_add(&f->wrong, "slug", why.text);
		return send_form(rp, rq, f, stored, e);
	}
	if (trail_add(rq,
	        &(struct event){ .action = stored == NULL ? "project.added" : "project.changed",
	            .project = f->p.id,
	            .target = f->p.slug,
	            .detail = f->p.name },
	        e) != 0)
		return -1;
	return reply_see_other(rp, "/p/%s?said=%s", f->p.slug,
	    stored == NULL ? "created" : "saved");
}

int
on_project_new(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .p = { .name = "", .slug = "", .owners = "" } };

	if (rq->session != NULL)
		f.p.owners = rq->session->account.email;
	return send_form(rp, rq, &f, NULL, e);
}

int
on_project_create(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .wrong = { .count = 0 } };

	read_form(&f, rq);
	if (f.wrong.count > 0)
		return send_form(rp, rq, &f, NULL, e);
	return written(rp, rq, &f, NULL, e);
}

int
on_project_settings(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .wrong = { .count = 0 } };

	if (find_project(&f.p, rq, e) != 0)
		return -1;
	return send_form(rp, rq, &f, &f.p, e);
}

int
on_project_save(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .wrong = { .count = 0 } };
	struct project stored;

	if (find_project(&stored, rq, e) != 0)
		return -1;
	f.p = stored;
	read_form(&f, rq);
	if (f.wrong.count > 0)
		return send_form(rp, rq, &f, &stored, e);
	return written(rp, rq, &f, &stored, e);
}

int
on_project_list(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct stats_list all;
	struct project *projects;
	size_t count;

	if (projects_list(&projects, &count, rq->arena, rq->db, e) != 0 ||
	    envpage_environments(&all, rq, 0, e) != 0)
		return -1;
	page_begin(&p, rq, "projects.cs", "Projects");
	page_crumb(&p, "Projects", NULL);
	for (size_t i = 0; i < count; i++)
		show_project_row(node_add(p.root, "projects"), rq->arena, &projects[i], &all,
		    rq->now);
	return page_send(rp, rq, &p, e);
}

int
on_project_get(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct stats_list all;
	struct project project;

	if (find_project(&project, rq, e) != 0 ||
	    envpage_environments(&all, rq, project.id, e) != 0)
		return -1;
	page_begin(&p, rq, "project.cs", project.name);
	page_crumb(&p, "Projects", "/projects");
	page_crumb(&p, project.slug, NULL);
	if (envpage_worker(&p, rq, e) != 0)
		return -1;
	show_project_row(node_at(p.root, "project"), rq->arena, &project, &all, rq->now);
	return page_send(rp, rq, &p, e);
}
