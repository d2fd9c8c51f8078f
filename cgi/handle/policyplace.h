/* policyplace.h: where policies hold: the instance, a project or an environment. */
#ifndef CGI_HANDLE_POLICYPLACE_H
#define CGI_HANDLE_POLICYPLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "cgi/page/page.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/project.h"
#include "lib/store/policies.h"

struct policyplace {
	struct policy_place at;
	struct project project;       /* of its level, or of the environment's */
	struct environment environment;
	const char *base;             /* "/p/shop/live", "/p/shop/-", "" */
	const char *label;            /* "shop/live", "shop", "this instance" */
};

/* What the path names: /p/{project}/{environment}/…, /p/{project}/-/…, or neither. */
MUST_USE int policyplace_find(struct policyplace *ret, const struct request *rq, struct err *e);
/* The same of a path that has more arguments behind: of a known level. */
MUST_USE int policyplace_at(struct policyplace *ret, const struct request *rq,
    enum policy_level level, struct err *e);

/* Begin its page, with crumbs and, for an environment, tabs. `may_change` in the tree: the person
 * may change something here. */
struct policyplace_page {
	const char *template, *title;
	const char *tab;              /* of an environment, as page_environment() has them */
};
MUST_USE int policyplace_begin(struct page *p, const struct request *rq,
    const struct policyplace *at, const struct policyplace_page *f, struct err *e);

/* Where a value comes from: "project shop", "this instance", "the default". */
const char *policyplace_origin(const struct policyplace *at, enum policy_level level,
    const struct request *rq);

/* Of a change that deletes: was the number typed (field `typed`) that goes, of the list that was
 * seen (field `list`)? NULL when it was or when nothing goes; else the sentence for the field. */
const char *policyplace_typed(const struct request *rq, const char *list, size_t count);

/* The line in the trail for what policies_set() has done. */
MUST_USE int policyplace_note(const struct policyplace *at, const struct request *rq,
    enum policy_key key, const char *value, struct err *e);
/* policies_set() with that line. value NULL: as inherited. */
MUST_USE int policyplace_set(const struct policyplace *at, const struct request *rq,
    enum policy_key key, const char *value, struct err *e);

#endif
