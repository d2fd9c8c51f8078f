/* on_retention.c: the keep rule of an environment, a project or the instance. */
#include "cgi/handle/on_retention.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/handle/policyplace.h"
#include "cgi/page/complaints.h"
#include "cgi/page/show_retention.h"
#include "lib/base/buf.h"
#include "lib/base/num.h"
#include "lib/store/retention.h"

/* One look at the page: what was sent, what is wrong in it, and what it comes to. */
struct form {
	struct policyplace place;
	struct policy_pair pair;
	bool sent;
	bool looked;                  /* the form is a rule, which was weighed */
	const char *choice;           /* the radio button */
	const char *rule;             /* the line; NULL: as inherited */
	struct retention_impact impact;
	struct complaints wrong;
};

/* "The newest 30" and "365 days": a number beside the radio button. */
static void
read_preset(struct form *f, const struct request *rq, enum retain_preset preset)
{
	const char *field = preset == PRESET_LAST ? "last_n" : "days_n";
	struct retain_rule rule;
	struct err why;
	int64_t n;

	if (retain_preset_typed(&n, preset, request_field(rq, field), &why) != 0) {
		complaints_add(&f->wrong, field, arena_dup(rq->arena, why.text));
		return;
	}
	rule = retain_preset_rule(preset, n);
	f->rule = retain_rule_text(rq->arena, &rule);
}

/* One number: alone it must be a word of a rule. */
static void
add_number(struct form *f, struct buf *line, const struct request *rq,
    const struct show_retention_field *field)
{
	const char *text = request_field(rq, field->field);
	struct retain_rule rule;
	struct err why;

	if (*text == '\0')
		return;
	if (strcspn(text, " \t\n") != strlen(text) ||
	    retain_rule_parse(&rule,
	        arena_printf(rq->arena, "%s%s=%.60s",
	            strcmp(field->word, "last") == 0 ? "" : "last=1 ", field->word, text),
	        &why) != 0) {
		complaints_add(&f->wrong, field->field, strcspn(text, " \t\n") != strlen(text)
		    ? "Write one number, without a space"
		    : arena_dup(rq->arena, why.text));
		return;
	}
	buf_printf(line, "%s%s=%.60s", line->n > 0 ? " " : "", field->word, text);
}

static void
read_numbers(struct form *f, const struct request *rq)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	const char *demand = request_field(rq, "demand");
	const struct show_retention_field *fields;
	struct retain_rule rule;
	struct err why;
	size_t count;

	fields = show_retention_fields(&count);
	for (size_t i = 0; i < count; i++) {
		/* Keeps of their own are for on-demand backups that have a list of their own. */
		if (strncmp(fields[i].word, "on-demand", 9) == 0 && strcmp(demand, "own") != 0)
			continue;
		add_number(f, &line, rq, &fields[i]);
	}
	if (strcmp(demand, "together") == 0)
		buf_printf(&line, "%son-demand=together", line.n > 0 ? " " : "");
	if (f->wrong.count > 0)
		return;
	f->rule = line.n > 0 ? arena_dupn(rq->arena, line.p, line.n) : "";
	if (retain_rule_parse(&rule, f->rule, &why) != 0)
		complaints_add(&f->wrong, "keep_last", arena_dup(rq->arena, why.text));
	else
		f->rule = retain_rule_text(rq->arena, &rule);
}

static int
read_form(struct form *f, const struct request *rq, struct err *e)
{
	enum retain_preset preset;

	memset(f, 0, sizeof *f);
	if (policyplace_find(&f->place, rq, e) != 0 ||
	    policies_pair(&f->pair, rq->arena, rq->db, POLICY_RETENTION, &f->place.at, e) != 0)
		return -1;
	f->rule = f->pair.own.value;
	f->sent = rq->method == METHOD_POST;
	if (!f->sent) {
		f->choice = f->rule == NULL ? "inherit" : NULL;
		return 0;
	}
	f->choice = request_field(rq, "preset");
	f->rule = NULL;
	if (strcmp(f->choice, "own") == 0)
		read_numbers(f, rq);
	else if (retain_preset_parse(&preset, f->choice))
		read_preset(f, rq, preset);
	else if (strcmp(f->choice, "inherit") != 0)
		complaints_add(&f->wrong, "preset", "Choose which backups stay");
	return 0;
}

/* The form keeps what was typed, also where it is wrong. */
static void
keep_typed(struct page *p, const struct request *rq)
{
	static const char *const others[] = { "last_n", "days_n", NULL };
	const struct show_retention_field *fields;
	const char *demand = request_field(rq, "demand");
	size_t count;

	fields = show_retention_fields(&count);
	for (size_t i = 0; i < count; i++)
		node_set(p->root, arena_printf(rq->arena, "%s.value", fields[i].field),
		    request_field(rq, fields[i].field));
	for (const char *const *o = others; *o != NULL; o++)
		node_set(p->root, arena_printf(rq->arena, "%s.value", *o), request_field(rq, *o));
	node_flag(p->root, "demand.stays", strcmp(demand, "stays") == 0);
	node_flag(p->root, "demand.own", strcmp(demand, "own") == 0);
	node_flag(p->root, "demand.together", strcmp(demand, "together") == 0);
}

static void
show_rules(struct page *p, const struct form *f, const struct request *rq)
{
	struct node *now = node_at(p->root, "now"), *above = node_at(p->root, "inherited");
	const struct policy *holds =
	    f->pair.own.value != NULL ? &f->pair.own : &f->pair.inherited;

	show_retention_rule(now, rq->arena, holds->value);
	node_set(now, "origin", policyplace_origin(&f->place, holds->level, rq));
	node_flag(now, "own", f->pair.own.value != NULL);
	show_retention_rule(above, rq->arena, f->pair.inherited.value);
	node_set(above, "origin", policyplace_origin(&f->place, f->pair.inherited.level, rq));
	if (f->looked) {
		node_flag(p->root, "looked", true);
		show_retention_rule(node_at(p->root, "new"), rq->arena,
		    f->rule != NULL ? f->rule : f->pair.inherited.value);
	}
}

/* The page; the list is judged by the rule of the form when that is one, else by what holds. */
static int
send_form(struct reply *rp, const struct request *rq, struct form *f, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	const struct policyplace_page frame = { "retention.cs", "Retention", "retention" };
	struct retain_rule rule;

	if (policyplace_begin(&p, rq, &f->place, &frame, e) != 0)
		return -1;
	show_rules(&p, f, rq);
	if (retain_rule_parse(&rule,
	        f->pair.own.value != NULL ? f->pair.own.value : f->pair.inherited.value, e) != 0)
		return -1;
	show_retention_form(&p, rq->arena, &rule, f->choice);
	if (f->sent)
		keep_typed(&p, rq);
	if (f->impact.shares != NULL)
		show_retention_impact(&p, rq->arena, &f->impact, rq->now);
	if (f->wrong.count > 0)
		page_errors(&p, rp, f->wrong.items, f->wrong.count);
	return page_send(rp, rq, &p, e);
}

static int
weigh(struct form *f, const struct request *rq, struct err *e)
{
	const struct retention_change c = { f->place.at,
		f->wrong.count > 0 ? f->pair.own.value : f->rule, rq->now };

	f->looked = f->sent && f->wrong.count == 0;
	return retention_impact(&f->impact, rq->arena, rq->db, &c, e);
}

int
on_retention_get(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f;

	if (read_form(&f, rq, e) != 0 || weigh(&f, rq, e) != 0)
		return -1;
	return send_form(rp, rq, &f, e);
}

static void
check_typed(struct form *f, const struct request *rq)
{
	const char *wrong = policyplace_typed(rq, f->impact.list, f->impact.go_count);

	if (wrong != NULL)
		complaints_add(&f->wrong, "typed", wrong);
}

int
on_retention_save(struct reply *rp, struct request *rq, struct err *e)
{
	bool save = strcmp(request_field(rq, "do"), "save") == 0;
	struct form f;

	if (read_form(&f, rq, e) != 0 || weigh(&f, rq, e) != 0)
		return -1;
	if (save && f.wrong.count == 0)
		check_typed(&f, rq);
	if (!save || f.wrong.count > 0)
		return send_form(rp, rq, &f, e);
	if (policyplace_set(&f.place, rq, POLICY_RETENTION, f.rule, e) != 0)
		return -1;
	return reply_see_other(rp, "%s/retention?said=saved", f.place.base);
}
