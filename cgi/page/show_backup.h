/* show_backup.h: one backup: its facts, its parts, and how to get it back without this console. */
#ifndef CGI_PAGE_SHOW_BACKUP_H
#define CGI_PAGE_SHOW_BACKUP_H

#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/model/backup.h"
#include "lib/model/copy.h"
#include "lib/model/download.h"
#include "lib/model/job.h"
#include "lib/model/project.h"
#include "lib/model/restore.h"
#include "lib/store/jobs.h"

struct backup_view {
	const struct backup *backup;
	const struct environment *environment;
	const struct storage *storage;
	const char *keys;                    /* the folder of secret keys, on the server */
	const char *recipient;               /* the present public key; "": there is none */
	const struct copy *places;           /* where it lies, the first one first */
	size_t place_count;
	const struct storage *storages;      /* all there are */
	size_t storage_count;
	const struct part *parts;
	size_t part_count;
	const struct job_line *lines;        /* the end of its job's log */
	size_t line_count;
	const struct download *downloads;
	size_t download_count;
	const struct restore *restores;      /* of this backup, the newest */
	size_t restore_count;
	const struct job *job;               /* that made it; NULL when none */
	const struct job *active;            /* that works on it now; NULL when none */
	const char *forecast, *age;          /* how soon it is back, and the wish; NULL: unknown */
	const char *stays;                   /* why and until when; NULL when deleted */
	int64_t trash_ms, now;
};

void show_backup_page(struct page *p, struct arena *a, const struct backup_view *view);
/* Its id, link, state, note and time: for the pages that ask something about it. */
void show_backup_short(struct node *n, const struct backup *b, int64_t now);

#endif
