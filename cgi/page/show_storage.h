/* show_storage.h: where backups lie, and whether all of it is there. */
#ifndef CGI_PAGE_SHOW_STORAGE_H
#define CGI_PAGE_SHOW_STORAGE_H

#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/model/job.h"
#include "lib/store/copies.h"
#include "lib/store/findings.h"
#include "lib/store/proofs.h"

struct storage_view {
	const struct findings_storage *storage;
	const struct finding *items;
	size_t count;
	const struct job *job;        /* the newest look through it; NULL: there was none */
	const struct job *test;       /* the newest test of it; NULL: there was none */
	struct copy_counts counts;    /* of the backups whose first place it is */
	const struct storage *storages;      /* all there are */
	size_t storage_count;
	const struct job *prove;      /* the newest proof of recovery from it; NULL: none */
	const struct job *rewrap;     /* the newest that wraps for the present keys; NULL: none */
	const struct proof *proof;    /* what the last one has come to */
	int64_t prove_minute;         /* of the day; -1: by hand alone */
	const char *recipient, *recovery;   /* public keys of this instance; "": there are none */
	int64_t now;
};

void show_storage_row(struct node *n, const struct findings_storage *s, int64_t now);
void show_storage_page(struct page *p, const struct storage_view *view);
/* Its settings, as the form has them; never the secret. */
void show_storage_form(struct page *p, const struct storage *s);

#endif
