/* show_link.h: the public page of a download link. */
#ifndef CGI_PAGE_SHOW_LINK_H
#define CGI_PAGE_SHOW_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/model/download.h"

struct link_file {
	const struct download_file *file;
	int64_t uses;
};
struct link_view {
	const struct link *link;
	const struct download *download;
	const struct link_file *files;
	size_t count;
	const char *token, *public_url;
	int64_t now;
};

void show_link_page(struct page *p, struct arena *a, const struct link_view *view);
/* Why it no longer works, and whom to ask. `used_up`: it lives, but has been used as often as it
 * may be. */
void show_link_gone(struct page *p, const struct link_view *view, bool used_up);

#endif
