/* policyplace.c: where policies hold: the instance, a project or an environment. */
#include "cgi/handle/policyplace.h"

#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/trail.h"
#include "lib/base/num.h"
#include "lib/store/projects.h"

int
policyplace_find(struct policyplace *ret, const struct request *rq, struct err *e)
{
	enum policy_level level = rq->args[0] == NULL ? LEVEL_INSTANCE
	    : rq->args[1] == NULL                     ? LEVEL_PROJECT
	                                              : LEVEL_ENVIRONMENT;

	return policyplace_at(ret, rq, level, e);
}

int
policyplace_at(struct policyplace *ret, const struct request *rq, enum policy_level level,
    struct err *e)
{
	memset(ret, 0, sizeof *ret);
	if (level == LEVEL_INSTANCE) {
		ret->at = (struct policy_place){ LEVEL_INSTANCE, 0 };
		ret->base = "";
		ret->label = "this instance";
		return 0;
	}
	if (find_project(&ret->project, rq, e) != 0)
		return -1;
	if (level == LEVEL_PROJECT) {
		ret->at = (struct policy_place){ LEVEL_PROJECT, ret->project.id };
		ret->base = arena_printf(rq->arena, "/p/%s/-", ret->project.slug);
		ret->label = ret->project.slug;
		return 0;
	}
	if (find_environment(&ret->environment, rq, e) != 0)
		return -1;
	ret->at = (struct policy_place){ LEVEL_ENVIRONMENT, ret->environment.id };
	ret->base = arena_printf(rq->arena, "/p/%s/%s", ret->project.slug, ret->environment.slug);
	ret->label =
	    arena_printf(rq->arena, "%s/%s", ret->project.slug, ret->environment.slug);
	return 0;
}

/* Administrators alone change what holds for all. */
static bool
may_change(const struct request *rq, const struct policyplace *at)
{
	return rq->session != NULL &&
	    role_has(rq->session->account.role,
	        at->at.level == LEVEL_INSTANCE ? RIGHT_ADMINISTER : RIGHT_CONFIGURE);
}

int
policyplace_begin(struct page *p, const struct request *rq, const struct policyplace *at,
    const struct policyplace_page *f, struct err *e)
{
	if (at->at.level == LEVEL_ENVIRONMENT) {
		if (envpage_begin(p, rq, &at->environment,
		        &(struct envpage){ f->template, f->title, f->tab, true }, e) != 0)
			return -1;
	} else {
		page_begin(p, rq, f->template,
		    arena_printf(rq->arena, "%s of %s", f->title, at->label));
		if (at->at.level == LEVEL_PROJECT) {
			page_crumb(p, "Projects", "/projects");
			page_crumb(p, at->project.slug,
			    arena_printf(rq->arena, "/p/%s", at->project.slug));
		}
		page_crumb(p, f->title, NULL);
	}
	node_set(p->root, "base", at->base);
	node_set(p->root, "label", at->label);
	node_flag(p->root, "may_change", may_change(rq, at));
	node_flag(p->root, "of_environment", at->at.level == LEVEL_ENVIRONMENT);
	return 0;
}

const char *
policyplace_origin(const struct policyplace *at, enum policy_level level, const struct request *rq)
{
	if (level == LEVEL_ENVIRONMENT)
		return "this environment";
	if (level == LEVEL_PROJECT)
		return arena_printf(rq->arena, "project %s", at->project.slug);
	return level == LEVEL_INSTANCE ? "this instance" : "the default";
}

const char *
policyplace_typed(const struct request *rq, const char *list, size_t count)
{
	const char *typed = request_field(rq, "typed"), *seen = request_field(rq, "list");
	int64_t n;

	if (count == 0)
		return NULL;
	if (*seen != '\0' && *typed != '\0' && strcmp(seen, list) != 0)
		return arena_printf(rq->arena,
		    "The list has changed since you looked: now %zu would go. Look again and type "
		    "%zu", count, count);
	if (*seen == '\0' || *typed == '\0')
		return arena_printf(rq->arena, "Type %zu, the number of backups that go", count);
	if (!num_parse(&n, typed, 0, INT64_MAX) || (size_t)n != count)
		return arena_printf(rq->arena,
		    "Type %zu, the number of backups that go; you wrote %.40s", count, typed);
	return NULL;
}

int
policyplace_note(const struct policyplace *at, const struct request *rq, enum policy_key key,
    const char *value, struct err *e)
{
	const struct event ev = {
		.action = value != NULL ? "policy.changed" : "policy.inherited",
		.project = at->project.id,
		.environment = at->environment.id,
		.target = policy_key_name(key),
		.detail = value,
	};

	return trail_add(rq, &ev, e);
}

int
policyplace_set(const struct policyplace *at, const struct request *rq, enum policy_key key,
    const char *value, struct err *e)
{
	int64_t by = rq->session != NULL ? rq->session->account.id : 0;

	if (policies_set(rq->db, key, &at->at, value, by, e) != 0)
		return -1;
	return policyplace_note(at, rq, key, value, e);
}
