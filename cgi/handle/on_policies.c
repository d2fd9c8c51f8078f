/* on_policies.c: all policies of an environment, a project or the instance. */
#include "cgi/handle/on_policies.h"

#include <string.h>

#include "cgi/handle/policyplace.h"
#include "cgi/page/show_policies.h"
#include "lib/base/buf.h"
#include "lib/model/zone.h"
#include "lib/store/projects.h"

/* What was sent of one policy; key POLICY_KEYS: nothing was. */
struct sent {
	enum policy_key key;
	const char *value;            /* NULL: what is inherited is wanted */
	const char *wrong;
	bool not_typed;               /* what is wrong is the number of those that go */
	bool looked;
	struct trash_impact impact;   /* when looked */
};

static int
add_row(struct page *p, const struct request *rq, const struct policyplace *at,
    struct policies_view *view, struct err *e)
{
	if (policies_pair(&view->pair, rq->arena, rq->db, view->key, &at->at, e) != 0)
		return -1;
	view->origin = policyplace_origin(at, view->pair.inherited.level, rq);
	show_policies_row(node_add(p->root, "policies"), rq->arena, view);
	return 0;
}

static int
send_page(struct reply *rp, const struct request *rq, const struct policyplace *at,
    const struct sent *sent, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	const struct policyplace_page frame = { "policies.cs", "Policies", "settings" };
	struct policies_view view = { .typed = NULL };
	struct storage *storages;
	const char *field = sent->not_typed ? "typed" : policy_key_name(sent->key);

	if (policyplace_begin(&p, rq, at, &frame, e) != 0 ||
	    storages_list(&storages, &view.storage_count, rq->arena, rq->db, e) != 0)
		return -1;
	if (at->at.level == LEVEL_ENVIRONMENT)
		page_crumb(&p, "Policies", NULL);
	view.storages = storages;
	for (int key = 0; key < POLICY_KEYS; key++) {
		bool is = (sent->wrong != NULL || sent->looked) && key == (int)sent->key;

		view.key = (enum policy_key)key;
		view.typed = is ? sent->value : NULL;
		view.wrong = is && !sent->not_typed ? sent->wrong : NULL;
		view.impact = is && sent->looked ? &sent->impact : NULL;
		view.inherit = is && sent->value == NULL;
		if (add_row(&p, rq, at, &view, e) != 0)
			return -1;
	}
	if (sent->wrong != NULL)
		page_errors(&p, rp, &(struct field_error){ field, sent->wrong }, 1);
	return page_send(rp, rq, &p, e);
}

int
on_policies_get(struct reply *rp, struct request *rq, struct err *e)
{
	const struct sent nothing = { .key = POLICY_KEYS };
	struct policyplace at;

	if (policyplace_find(&at, rq, e) != 0)
		return -1;
	return send_page(rp, rq, &at, &nothing, e);
}

static int
check_storage(const char *slug, const struct request *rq, struct err *e)
{
	struct storage *list;
	size_t count;

	if (*slug == '\0')
		return 0;
	if (storages_list(&list, &count, rq->arena, rq->db, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].slug, slug) == 0)
			return 0;
	return err_set(e, ERR_INPUT, "There is no storage %.60s", slug);
}

static int
check_storages(const char *list, const struct request *rq, struct err *e)
{
	for (const char *at = list; *at != '\0';) {
		size_t n = strcspn(at, " ");

		if (check_storage(arena_dupn(rq->arena, at, n), rq, e) != 0)
			return -1;
		at += n + strspn(at + n, " ");
	}
	return 0;
}

/* The boxes that are ticked, as one value. */
static const char *
ticked(const struct request *rq)
{
	CLEANUP_BUF struct buf list = BUF_INIT;
	const char **values;
	size_t count = request_fields(&values, rq, "value");

	for (size_t i = 0; i < count; i++)
		buf_printf(&list, "%s%s", i > 0 ? " " : "", values[i]);
	return arena_dup(rq->arena, list.p);
}

/* Beyond what policy_check() knows: is there such a zone, such a storage? */
static int
check(const struct sent *sent, const struct request *rq, struct err *e)
{
	struct zone *zone;

	if (policy_check(sent->key, sent->value, e) != 0)
		return -1;
	if (sent->key == POLICY_ZONE && strcmp(sent->value, "UTC") != 0)
		return zone_load(&zone, rq->arena, ZONE_FOLDER, sent->value, e);
	return sent->key == POLICY_STORAGE ? check_storage(sent->value, rq, e)
	    : sent->key == POLICY_COPIES   ? check_storages(sent->value, rq, e)
	                                   : 0;
}

/* Fewer days of the trash delete for good: they are looked at before they are saved, and saved with
 * the number of what goes. */
static int
weigh(struct sent *sent, const struct policyplace *at, const struct request *rq, struct err *e)
{
	const struct trash_change c = { at->at, sent->value, rq->now, rq->conf->trash_ms };

	if (sent->key != POLICY_TRASH_DAYS)
		return 0;
	sent->looked = true;
	if (trash_change_weigh(&sent->impact, rq->arena, rq->db, &c, e) != 0)
		return -1;
	if (strcmp(request_field(rq, "do"), "look") != 0)
		sent->wrong = policyplace_typed(rq, sent->impact.list, sent->impact.count);
	sent->not_typed = sent->wrong != NULL;
	return 0;
}

/* What was looked at is what goes, also when somebody fills the trash at this moment. */
static int
save(const struct sent *sent, const struct policyplace *at, const struct request *rq,
    struct err *e)
{
	const struct trash_change c = { at->at, sent->value, rq->now, rq->conf->trash_ms };
	int64_t by = rq->session != NULL ? rq->session->account.id : 0;

	if (!sent->looked)
		return policyplace_set(at, rq, sent->key, sent->value, e);
	if (trash_change_set(rq->db, &c, &sent->impact, by, e) != 0)
		return -1;
	return policyplace_note(at, rq, sent->key, sent->value, e);
}

int
on_policies_save(struct reply *rp, struct request *rq, struct err *e)
{
	bool inherit = strcmp(request_field(rq, "do"), "inherit") == 0;
	bool look = strcmp(request_field(rq, "do"), "look") == 0;
	struct policyplace at;
	struct sent sent = { .value = inherit ? NULL : request_field(rq, "value") };
	struct err why;

	if (policyplace_find(&at, rq, e) != 0)
		return -1;
	if (!policy_key_parse(&sent.key, request_field(rq, "policy")))
		return err_set(e, ERR_INPUT, "There is no such policy");
	if (sent.key == POLICY_COPIES && !inherit)
		sent.value = ticked(rq);
	/* A keep rule is changed where one sees what goes by it. */
	if (sent.key == POLICY_RETENTION)
		return reply_see_other(rp, "%s/retention", at.base);
	if (!inherit && check(&sent, rq, &why) != 0) {
		if (why.kind != ERR_INPUT && why.kind != ERR_NOT_FOUND) {
			*e = why;
			return -1;
		}
		sent.wrong = arena_dup(rq->arena, why.text);
		return send_page(rp, rq, &at, &sent, e);
	}
	if (weigh(&sent, &at, rq, e) != 0)
		return -1;
	/* A look saves nothing, whatever it is at. */
	if (sent.wrong != NULL || look)
		return send_page(rp, rq, &at, &sent, e);
	if (save(&sent, &at, rq, e) != 0)
		return -1;
	return reply_see_other(rp, "%s/policies?said=saved", at.base);
}
