/* cmd_backup.c: lazarette backup: what there is, and one of them. */
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cmd.h"
#include "cli/fetching.h"
#include "lib/base/clock.h"
#include "lib/base/num.h"
#include "lib/model/name.h"
#include "lib/store/backups.h"
#include "lib/store/projects.h"

enum { USUAL_LIMIT = 50, LIMIT_MAX = 10000 };

static int
usage(void)
{
	fputs("usage: lazarette backup list [PROJECT/ENVIRONMENT] [--limit NUMBER] [--json]\n"
	      "       lazarette backup show BACKUP\n"
	      "       lazarette backup download BACKUP [--part NAME]… [--format FORMAT]"
	      " [-f|--force]\n"
	      "       lazarette backup download BACKUP [--part NAME]… [--format FORMAT]\n"
	      "         --print-url [--output plain]\n"
	      "BACKUP is b101, or its UUID; FORMAT of files is tar, tar.gz, tar.zst or zip.\n",
	    stderr);
	return EX_USAGE;
}

/* -- list -- */

enum column { ID, RESOURCE, STATUS, CREATED, SIZE, KIND, CONTENTS, NOTE, COLUMNS };
static const char *const heads[COLUMNS] = {
	[ID] = "ID", [RESOURCE] = "Resource", [STATUS] = "Status", [CREATED] = "Created at",
	[SIZE] = "Size", [KIND] = "Kind", [CONTENTS] = "Contents", [NOTE] = "Note",
};
/* For programs; in the same order. */
static const char *const keys[COLUMNS] = { "id", "resource", "status", "created_at", "size", "kind",
	"contents", "note" };

static void
fill(const char *row[COLUMNS], struct arena *a, const struct backup *b)
{
	char id[NAME_ID_SIZE], iso[CLOCK_ISO_SIZE], size[NUM_TEXT];

	name_id(id, NAME_BACKUP, b->id);
	clock_iso(iso, b->created_at);
	num_size(size, b->stored_bytes);
	row[ID] = arena_dup(a, id);
	row[RESOURCE] = arena_printf(a, "%s/%s", b->project_slug, b->environment_slug);
	row[STATUS] = backup_state_name(b->state);
	row[CREATED] = arena_dup(a, iso);
	row[SIZE] = b->stored_bytes > 0 ? arena_dup(a, size) : "";
	row[KIND] = backup_kind_name(b->kind);
	row[CONTENTS] = b->contents;
	row[NOTE] = b->note;
}

static int
print_json(struct arena *a, const struct backup *backups, size_t count)
{
	json_t *all = json_array();
	int rc;

	for (size_t i = 0; i < count; i++) {
		const char *row[COLUMNS];
		json_t *one = json_object();

		fill(row, a, &backups[i]);
		for (int c = 0; c < COLUMNS; c++)
			json_object_set_new(one, keys[c], c == SIZE
			    ? json_integer(backups[i].stored_bytes) : json_string(row[c]));
		json_object_set_new(one, "uuid", json_string(backups[i].uuid));
		json_array_append_new(all, one);
	}
	rc = json_dumpf(all, stdout, JSON_INDENT(2));
	json_decref(all);
	return rc != 0 || putchar('\n') == EOF ? EX_IOERR : 0;
}

static int
print_table(struct arena *a, const struct backup *backups, size_t count)
{
	struct libscols_table *t = scols_new_table();
	int rc = 0;

	for (int c = 0; t != NULL && c < COLUMNS; c++)
		if (scols_table_new_column(t, heads[c], 0,
		        c == SIZE ? SCOLS_FL_RIGHT : c == NOTE ? SCOLS_FL_TRUNC : 0) == NULL)
			rc = -1;
	for (size_t i = 0; t != NULL && rc == 0 && i < count; i++) {
		struct libscols_line *line = scols_table_new_line(t, NULL);
		const char *row[COLUMNS];

		fill(row, a, &backups[i]);
		for (int c = 0; line != NULL && c < COLUMNS; c++)
			rc |= scols_line_set_data(line, (size_t)c, row[c]);
		rc |= line == NULL;
	}
	if (t == NULL || rc != 0 || scols_print_table(t) != 0)
		rc = EX_OSERR;
	scols_unref_table(t);
	return rc;
}

struct listed {
	struct backup *items;
	size_t count;
};

static int
add_of(struct listed *out, struct cmd_desk *d, int64_t environment, int64_t limit, struct err *e)
{
	const struct backup_filter filter = { .environment = environment, .kind = -1, .state = -1,
		.limit = (int)limit };
	struct backup *more, *all;
	size_t count;

	if (backups_list(&more, &count, d->arena, d->db, &filter, e) != 0)
		return -1;
	all = arena_array(d->arena, out->count + count + 1, sizeof *all);
	if (out->count > 0)
		memcpy(all, out->items, out->count * sizeof *all);
	memcpy(all + out->count, more, count * sizeof *all);
	out->items = all;
	out->count += count;
	return 0;
}

/* Of one environment, or of all, those of the live ones first; each newest first. */
static int
gather(struct listed *out, struct cmd_desk *d, const char *where, int64_t limit, struct err *e)
{
	const char *slash = where != NULL ? strchr(where, '/') : NULL;
	struct environment one, *all;
	size_t count;

	if (where != NULL && slash == NULL)
		return err_set(e, ERR_NOT_FOUND, "there is no environment %.80s; name it as"
		    " PROJECT/ENVIRONMENT", where);
	if (where != NULL) {
		if (environments_by_slug(&one, d->arena, d->db,
		        arena_dupn(d->arena, where, (size_t)(slash - where)), slash + 1, e) != 0)
			return -1;
		return add_of(out, d, one.id, limit, e);
	}
	if (environments_list(&all, &count, d->arena, d->db, 0, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (add_of(out, d, all[i].id, limit, e) != 0)
			return -1;
	return 0;
}

static int
list(struct cmd_desk *d, int argc, char **argv)
{
	static const struct option known[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "limit", required_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	struct listed found = { NULL, 0 };
	int64_t limit = USUAL_LIMIT;
	bool json = false;
	struct err e;
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'j')
			json = true;
		else if (c != 'l' || !num_parse(&limit, optarg, 1, LIMIT_MAX))
			return usage();
	}
	if (argc - optind > 1)
		return usage();
	if (cmd_desk_open(d, &e) != 0 || gather(&found, d, argv[optind], limit, &e) != 0)
		return cmd_fail(&e);
	if (json)
		return print_json(d->arena, found.items, found.count);
	if (found.count > 0)
		return print_table(d->arena, found.items, found.count);
	fputs("There is no backup yet: take one on the page of an environment.\n", stderr);
	return 0;
}

/* -- show -- */

static void
fact(const char *name, const char *value)
{
	if (*value != '\0')
		printf("%-12s %s\n", name, value);
}

static void
instant(const char *name, int64_t at)
{
	char iso[CLOCK_ISO_SIZE];

	clock_iso(iso, at);
	fact(name, at != 0 ? iso : "");
}

static void
print_part(const struct part *p)
{
	char raw[NUM_TEXT], stored[NUM_TEXT];

	num_size(raw, backup_part_bytes(p));
	num_size(stored, backup_own_stored(p) + p->manifest.stored_bytes);
	printf("\n%-12s %s\n", "Part", p->service_slug);
	fact("Engine", p->engine);
	fact("Status", p->state);
	fact("Size", raw);
	fact("Stored", stored);
	fact("SHA-256", p->data.raw_sha256);
	fact("As stored", p->data.stored_sha256);
	fact("Object", p->data.key);
}

static int
show(struct cmd_desk *d, int argc, char **argv)
{
	const char *row[COLUMNS];
	struct part *parts;
	struct backup b;
	struct err e;
	size_t count;

	if (argc != 2)
		return usage();
	if (cmd_desk_open(d, &e) != 0 || fetching_find(&b, d, argv[1], &e) != 0 ||
	    backups_parts(&parts, &count, d->arena, d->db, b.id, &e) != 0)
		return cmd_fail(&e);
	fill(row, d->arena, &b);
	for (int c = ID; c < NOTE; c++)
		fact(heads[c], row[c]);
	instant("Finished at", b.finished_at);
	fact("Storage", b.storage_slug);
	fact("Health", backup_health_name(b.health));
	fact("Kept", b.keep ? "yes" : "");
	fact("UUID", b.uuid);
	fact("Error", b.error != NULL ? b.error : "");
	fact("Note", b.note);
	for (size_t i = 0; i < count; i++)
		print_part(&parts[i]);
	return 0;
}

/* -- download -- */

static int
read_download(struct fetching_order *out, int argc, char **argv)
{
	static const struct option known[] = {
		{ "part", required_argument, NULL, 'p' },
		{ "format", required_argument, NULL, 'F' },
		{ "force", no_argument, NULL, 'f' },
		{ "print-url", no_argument, NULL, 'u' },
		{ "output", required_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "f", known, NULL)) != -1) {
		switch (c) {
		case 'p':
			if (out->part_count == FETCHING_PARTS_MAX)
				return -1;
			out->parts[out->part_count++] = optarg;
			break;
		case 'F':
			if (!download_format_parse(&out->format, optarg))
				return -1;
			break;
		case 'f': out->force = true; break;
		case 'u': out->print_url = true; break;
		case 'o':
			if (strcmp(optarg, "plain") != 0 && strcmp(optarg, "table") != 0)
				return -1;
			out->plain = strcmp(optarg, "plain") == 0;
			out->print_url |= out->plain;
			break;
		default: return -1;
		}
	}
	out->backup = argv[optind];
	return optind == argc - 1 ? 0 : -1;
}

static int
download(struct cmd_desk *d, int argc, char **argv)
{
	struct fetching_order o = { .format = FORMAT_TAR_ZST };
	struct fetching_result made;
	struct err e;
	int rc;

	if (read_download(&o, argc, argv) != 0)
		return usage();
	if (cmd_desk_open(d, &e) != 0 || fetching_get(&made, d, &o, &e) != 0)
		return cmd_fail(&e);
	if (o.print_url) {
		for (size_t i = 0; i < made.count; i++)
			if (o.plain)
				printf("%s\n", made.files[i].url);
			else
				printf("curl -fL -o '%s' '%s'\n", made.files[i].name,
				    made.files[i].url);
		return fflush(stdout) == 0 ? 0 : EX_IOERR;
	}
	rc = print_table(d->arena, &made.backup, 1);
	for (size_t i = 0; i < made.count; i++) {
		char size[NUM_TEXT];

		num_size(size, made.files[i].bytes);
		printf("\xe2\x9c\x94 %s  %s  sha256 %s\n", made.files[i].name, size,
		    made.files[i].sha256);
	}
	return rc;
}

int
cmd_backup(int argc, char **argv)
{
	static const struct cmd_act acts[] = { { "list", list }, { "show", show },
		{ "download", download } };

	return cmd_run_act(acts, sizeof acts / sizeof acts[0], argc, argv, usage);
}
