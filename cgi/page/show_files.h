/* show_files.h: what a backup holds, folder by folder and table by table. */
#ifndef CGI_PAGE_SHOW_FILES_H
#define CGI_PAGE_SHOW_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/model/backup.h"
#include "lib/model/job.h"
#include "lib/store/listing.h"

/* A database of the backup, with the rows of its tables as they were counted. */
struct files_database {
	const struct part *part;
	const struct table_count *tables;
	size_t count;
};
struct files_view {
	const struct backup *backup;
	const struct part *parts;
	size_t part_count;
	const struct files_database *databases;
	size_t database_count;
	const struct part *part;             /* whose files are shown; NULL: it has none */
	const struct job *job;               /* that reads them or failed to; NULL: they are here */
	const struct listing_page *at;
	const struct listing_entry *entries;
	size_t count;
	bool more;                           /* entries behind these */
	int64_t now;
};

/* The address of a folder of this view's part: "" is the top. */
char *show_files_address(struct arena *a, const struct files_view *view, const char *base,
    const char *folder);
void show_files_page(struct page *p, struct arena *a, const struct files_view *view);

#endif
