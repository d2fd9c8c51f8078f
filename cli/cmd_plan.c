/* cmd_plan.c: lazarette plan: what is backed up, when and where to; run now, and delete. */
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "lib/base/clock.h"
#include "lib/base/num.h"
#include "lib/model/name.h"
#include "lib/store/backups.h"
#include "lib/store/plans.h"
#include "lib/store/retention.h"
#include "lib/store/schedules.h"

static int
usage(void)
{
	fputs("usage: lazarette plan list [--json]\n"
	      "       lazarette plan run PLAN [PROJECT/ENVIRONMENT]\n"
	      "       lazarette plan delete PLAN [--backups keep|delete]\n"
	      "A plan is called as the list has it, such as s1.\n", stderr);
	return EX_USAGE;
}

/* -- list -- */

enum column { INDEX, TYPE, RESOURCE, CRON, DESTINATION, RETENTION, STATUS, SIZE, RUN, NEXT,
	ERROR, COLUMNS };
static const char *const heads[COLUMNS] = {
	[INDEX] = "Index", [TYPE] = "Type", [RESOURCE] = "Resource", [CRON] = "Cron",
	[DESTINATION] = "Destination", [RETENTION] = "Retention", [STATUS] = "Status",
	[SIZE] = "Size", [RUN] = "Run", [NEXT] = "Next", [ERROR] = "Error",
};
/* For programs; in the same order. */
static const char *const keys[COLUMNS] = { "index", "type", "resource", "cron", "destination",
	"retention", "status", "size", "run", "next", "error" };

static const char *
status(const struct schedule_plan *p, int64_t now)
{
	if (p->environment_paused || p->schedule.paused_until > now)
		return "paused";
	if (!p->schedule.enabled)
		return "off";
	if (plans_refused(p))
		return "refused";
	if (p->backup == 0)
		return "not yet run";
	if (p->backup_state == BACKUP_BUILDING)
		return p->backup_started == 0 ? "queued" : "running";
	return backup_state_name(p->backup_state);
}

/* "" for none: off, paused, or the worker has not looked at it yet. */
static const char *
moment(struct arena *a, int64_t at, bool exact)
{
	char date[NUM_TEXT], iso[CLOCK_ISO_SIZE];

	if (at == 0)
		return "";
	num_date(date, at);
	clock_iso(iso, at);
	return arena_dup(a, exact ? iso : date);
}

/* What nobody chose. */
static bool
by_default(const struct schedule_plan *p, enum column c)
{
	return c == CRON ? strcmp(p->schedule.cron, SCHEDULE_USUAL) == 0
	    : c == DESTINATION ? p->storage_default && *p->storage_slug != '\0'
	    : c == RETENTION && p->retention_default;
}

/* Texts in the order of the columns; sizes, rules, defaults and times are for people, unless
 * `exact`. */
static void
fill(const char *row[COLUMNS], struct arena *a, const struct schedule_plan *p, bool exact)
{
	int64_t run = p->run_at > p->backup_at ? p->run_at : p->backup_at;
	bool off = p->environment_paused || !p->schedule.enabled;
	char size[NUM_TEXT], id[NAME_ID_SIZE];

	name_id(id, NAME_SCHEDULE, p->schedule.id);
	num_size(size, p->backup_bytes);
	row[INDEX] = arena_dup(a, id);
	row[TYPE] = p->schedule.service_count == 0 ? "all services"
	    : arena_printf(a, "%zu service%s", p->schedule.service_count,
	          p->schedule.service_count == 1 ? "" : "s");
	row[RESOURCE] = arena_printf(a, "%s/%s", p->project_slug, p->environment_slug);
	row[CRON] = p->schedule.cron;
	row[DESTINATION] = p->storage_slug;
	row[RETENTION] = exact ? p->retention : plans_keeps(a, p);
	row[STATUS] = status(p, clock_now());
	row[SIZE] = exact ? arena_printf(a, "%" PRId64, p->backup_bytes)
	    : p->backup_bytes > 0 ? arena_dup(a, size) : "";
	row[RUN] = moment(a, run, exact);
	row[NEXT] = moment(a, off ? 0 : p->next, exact);
	row[ERROR] = plans_error(p);
	for (enum column c = INDEX; c < COLUMNS && !exact; c++)
		if (by_default(p, c))
			row[c] = arena_printf(a, "%s (default)", row[c]);
}

static int
print_json(struct arena *a, const struct schedule_plan *plans, size_t count)
{
	json_t *all = json_array();
	int rc;

	for (size_t i = 0; i < count; i++) {
		const char *row[COLUMNS];
		json_t *one = json_object(), *defaults = json_array();

		fill(row, a, &plans[i], true);
		for (enum column c = INDEX; c < COLUMNS; c++) {
			json_object_set_new(one, keys[c], c == SIZE
			    ? json_integer(plans[i].backup_bytes) : json_string(row[c]));
			if (by_default(&plans[i], c))
				json_array_append_new(defaults, json_string(keys[c]));
		}
		json_object_set_new(one, "defaults", defaults);
		json_array_append_new(all, one);
	}
	rc = json_dumpf(all, stdout, JSON_INDENT(2));
	json_decref(all);
	return rc != 0 || putchar('\n') == EOF ? EX_IOERR : 0;
}

static int
print_table(struct arena *a, const struct schedule_plan *plans, size_t count)
{
	struct libscols_table *t = scols_new_table();
	int rc = 0;

	for (int c = 0; t != NULL && c < COLUMNS; c++)
		if (scols_table_new_column(t, heads[c], 0,
		        c == SIZE ? SCOLS_FL_RIGHT
		        : c == ERROR || c == RETENTION ? SCOLS_FL_TRUNC : 0) == NULL)
			rc = -1;
	for (size_t i = 0; t != NULL && rc == 0 && i < count; i++) {
		struct libscols_line *line = scols_table_new_line(t, NULL);
		const char *row[COLUMNS];

		fill(row, a, &plans[i], false);
		for (int c = 0; line != NULL && c < COLUMNS; c++)
			rc |= scols_line_set_data(line, (size_t)c, row[c]);
		rc |= line == NULL;
	}
	if (t == NULL || rc != 0 || scols_print_table(t) != 0)
		rc = EX_OSERR;
	scols_unref_table(t);
	return rc;
}

static int
list(struct cmd_desk *d, int argc, char **argv)
{
	bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
	struct schedule_plan *plans;
	struct err e;
	size_t count;

	if (argc > 1 && !json)
		return usage();
	if (cmd_desk_open(d, &e) != 0 || plans_list(&plans, &count, d->arena, d->db, 0, &e) != 0)
		return cmd_fail(&e);
	if (json)
		return print_json(d->arena, plans, count);
	if (count > 0)
		return print_table(d->arena, plans, count);
	fputs("There is no plan yet: set a schedule on the page of an environment.\n", stderr);
	return 0;
}

/* -- run and delete -- */

static int
find(struct schedule *ret, struct cmd_desk *d, const char *word, struct err *e)
{
	struct err why;
	int64_t id;

	if (!name_id_parse(&id, NAME_SCHEDULE, word))
		return err_set(e, ERR_CONFLICT, "there is no plan %.40s; see lazarette plan list",
		    word);
	if (schedules_by_id(ret, d->arena, d->db, id, &why) == 0)
		return 0;
	if (why.kind == ERR_NOT_FOUND)
		return err_set(e, ERR_CONFLICT, "there is no plan %s; see lazarette plan list",
		    word);
	*e = why;
	return -1;
}

/* The environment where it runs: the one that was named, or the only one. */
static int
place(int64_t *ret, struct cmd_desk *d, const struct schedule *s, const char *where, struct err *e)
{
	struct schedule_plan *plans;
	size_t count, found = 0;

	if (plans_list(&plans, &count, d->arena, d->db, 0, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const char *label = arena_printf(d->arena, "%s/%s", plans[i].project_slug,
		    plans[i].environment_slug);

		if (plans[i].schedule.id != s->id ||
		    (where != NULL && strcmp(label, where) != 0))
			continue;
		*ret = plans[i].environment;
		found++;
	}
	if (found == 1)
		return 0;
	return found == 0
	    ? err_set(e, ERR_CONFLICT, "plan s%" PRId64 " holds in no environment%s%s", s->id,
	          where != NULL ? " called " : "", where != NULL ? where : "")
	    : err_set(e, ERR_CONFLICT, "plan s%" PRId64 " holds in %zu environments; name one, "
	          "such as shop/live", s->id, found);
}

/* It only queues. */
static int
run(struct cmd_desk *d, int argc, char **argv)
{
	struct schedule_run_request ask = { .schedule = 0 };
	struct schedule s;
	int64_t backup;
	struct err e;

	if (argc < 2 || argc > 3)
		return usage();
	if (cmd_desk_open(d, &e) != 0 || find(&s, d, argv[1], &e) != 0 ||
	    place(&ask.environment, d, &s, argc == 3 ? argv[2] : NULL, &e) != 0)
		return cmd_fail(&e);
	ask.schedule = s.id;
	if (plans_run_now(&backup, d->db, &ask, &e) != 0 ||
	    cmd_note(d, (struct event){ .action = "schedule.run", .environment = ask.environment,
	        .target = s.name }, &e) != 0)
		return cmd_fail(&e);
	printf("Backup b%" PRId64 " is queued.\n", backup);
	return 0;
}

/* One that is in use at this moment stays. */
static int
trash(size_t *gone, struct cmd_desk *d, const int64_t *backups, size_t count, struct err *e)
{
	char id[NAME_ID_SIZE];
	struct backup b;
	struct err why;

	*gone = 0;
	for (size_t i = 0; i < count; i++) {
		if (backups_by_id(&b, d->arena, d->db, backups[i], e) != 0)
			return -1;
		if (backups_trash(d->db, b.id, &why) != 0) {
			if (why.kind == ERR_CONFLICT)
				continue;
			*e = why;
			return -1;
		}
		name_id(id, NAME_BACKUP, b.id);
		if (cmd_note(d, (struct event){ .action = "backup.deleted",
		        .environment = b.environment, .target = id }, e) != 0)
			return -1;
		++*gone;
	}
	return 0;
}

/* Its keeps end with it. What that would let go is asked for on its page alone. */
static int
check_keeps(struct schedule_seen *seen, struct cmd_desk *d, const struct schedule *s, struct err *e)
{
	struct retention_impact impact;

	if (retention_schedule_impact(&impact, d->arena, d->db,
	        &(struct retention_schedule_change){ s->id, "", seen->now }, e) != 0)
		return -1;
	if (impact.go_count > 0)
		return err_set(e, ERR_CONFLICT, "without the keeps of plan s%" PRId64 " %zu"
		    " backup%s would go; remove it on its page, where this is asked for, or with"
		    " --backups delete", s->id, impact.go_count, impact.go_count == 1 ? "" : "s");
	seen->list = arena_dup(d->arena, impact.list);
	return 0;
}

static int
delete(struct cmd_desk *d, int argc, char **argv)
{
	bool with = argc == 4 && strcmp(argv[3], "delete") == 0;
	struct schedule_seen seen = { .now = clock_now() };
	struct schedule s;
	int64_t *backups;
	size_t count, gone = 0;
	struct err e;

	if ((argc != 2 && argc != 4) || (argc == 4 && (strcmp(argv[2], "--backups") != 0 ||
	        (!with && strcmp(argv[3], "keep") != 0))))
		return usage();
	if (cmd_desk_open(d, &e) != 0 || find(&s, d, argv[1], &e) != 0 ||
	    schedules_backups(&backups, &count, d->arena, d->db, s.id, &e) != 0 ||
	    (!with && *s.keep != '\0' && check_keeps(&seen, d, &s, &e) != 0) ||
	    (with && trash(&gone, d, backups, count, &e) != 0) ||
	    schedules_remove(d->db, s.id, seen.list != NULL ? &seen : NULL, &e) != 0 ||
	    cmd_note(d, (struct event){ .action = "schedule.removed", .project = s.project,
	        .environment = s.environment, .target = s.name }, &e) != 0)
		return cmd_fail(&e);
	printf("Plan s%" PRId64 " is deleted. ", s.id);
	if (with)
		printf("%zu of its %zu backups are in the trash.\n", gone, count);
	else
		printf("Its backups stay.\n");
	return 0;
}

int
cmd_plan(int argc, char **argv)
{
	static const struct cmd_act acts[] = { { "list", list }, { "run", run },
		{ "delete", delete } };

	return cmd_run_act(acts, sizeof acts / sizeof acts[0], argc, argv, usage);
}
