/* cmd_keys.c: lazarette admin keys: the keys that encrypt and sign backups. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cmd.h"
#include "cli/keyset.h"
#include "lib/store/projects.h"
#include "lib/store/wraps.h"

static int
usage(void)
{
	fputs("usage: lazarette admin keys [rotate]\n"
	      "       lazarette admin keys rewrap [--storage NAME]\n", stderr);
	return EX_USAGE;
}

/* One job for each storage that holds backups; `only`: for that one. */
static int
rewrap(struct cmd_desk *d, const char *only, struct err *e)
{
	const struct job_request rq = { .requested_by = 0 };
	struct storage one, *list = &one;
	size_t count = 1, queued = 0;
	int64_t job;

	if (only != NULL ? storages_by_slug(&one, d->arena, d->db, only, e) != 0
	                 : storages_list(&list, &count, d->arena, d->db, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (wraps_request(&job, d->db, &rq, list[i].id, e) != 0) {
			if (e->kind != ERR_CONFLICT)
				return -1;
			continue;
		}
		if (cmd_note(d, (struct event){ .action = "storage.rewrapped",
		        .target = list[i].slug }, e) != 0)
			return -1;
		printf("j%" PRId64 " makes what lies in %s open with the present keys, too.\n", job,
		    list[i].slug);
		queued++;
	}
	if (queued == 0)
		puts("There is no backup there yet that could be wrapped for the present keys.");
	return 0;
}

static int
rotate(struct cmd_desk *d, const struct keyset *k, struct err *e)
{
	if (keyset_rotate(k, e) != 0 ||
	    cmd_note(d, (struct event){ .action = "keys.changed", .target = "" }, e) != 0 ||
	    keyset_show(k, e) != 0)
		return -1;
	puts("What was stored before stays readable with its own key: keep all *.identity files"
	     " until the\njobs have succeeded that make it open with the new one.");
	return rewrap(d, NULL, e);
}

int
cmd_keys(int argc, char **argv)
{
	struct cmd_desk d = { .db = NULL };
	const char *act = argc > 1 ? argv[1] : "";
	bool wraps = strcmp(act, "rewrap") == 0, rotates = strcmp(act, "rotate") == 0;
	const char *only = wraps && argc == 4 && strcmp(argv[2], "--storage") == 0 ? argv[3] : NULL;
	struct err e;
	int rc;

	if (argc > 2 + 2 * (only != NULL) || (*act != '\0' && !wraps && !rotates))
		return usage();
	rc = cmd_desk_open(&d, &e);
	const struct keyset k = { d.db, &d.conf, d.arena };

	if (rc == 0 && wraps)
		rc = rewrap(&d, only, &e);
	else if (rc == 0 && rotates)
		rc = rotate(&d, &k, &e);
	else if (rc == 0)
		rc = keyset_make(&k, &e) != 0 ? -1 : keyset_show(&k, &e);
	cmd_desk_close(&d);
	return rc != 0 ? cmd_fail(&e) : 0;
}
