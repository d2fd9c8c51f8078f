/* show_download.h: asking for a download, one download and its life, and lists of them. */
#ifndef CGI_PAGE_SHOW_DOWNLOAD_H
#define CGI_PAGE_SHOW_DOWNLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/model/backup.h"
#include "lib/model/download.h"
#include "lib/model/job.h"
#include "lib/store/listing.h"

/* The form as it was sent, or as it is first shown. */
struct download_form {
	const struct backup *backup;
	const struct part *parts;
	const bool *on;                      /* one per part */
	size_t count;
	enum download_format format;
	int64_t valid_ms, max_uses;
	const struct part *part;             /* of which only `entries` are wanted; NULL: none */
	const struct listing_entry *entries;
	size_t entry_count;
	const char *email;                   /* where the mail goes */
};
void show_download_form(struct page *p, const struct download_form *form, int64_t now);

/* The choices of "valid for"; false for a life that is not among them. */
MUST_USE bool show_download_life(int64_t valid_ms);

struct download_view {
	const struct download *download;
	const struct download_file *files;
	size_t count;
	const struct job *job;               /* that prepares it; NULL when none */
	int64_t now;
};
void show_download_page(struct page *p, const struct download_view *view);
void show_download_row(struct node *n, const struct download *d, int64_t now);
/* One file: name, icon, size, sha256. */
void show_download_file(struct node *n, const struct download_file *f);

#endif
