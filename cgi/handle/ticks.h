/* ticks.h: files and folders that were ticked on the page of a backup's files. */
#ifndef CGI_HANDLE_TICKS_H
#define CGI_HANDLE_TICKS_H

#include <stddef.h>
#include <stdint.h>

#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/store/listing.h"

struct ticks {
	const struct listing_entry *entries;
	size_t count;
	const char *paths;            /* one a line */
	const char *file_name;        /* one file and nothing else: its name; else NULL */
};
/* The fields `entry` of a form or an address, looked up in the part's list. ERR_NOT_FOUND: it has
 * no such entry; ERR_INPUT: its name cannot be typed. */
MUST_USE int ticks_read(struct ticks *ret, const struct request *rq, struct db *list,
    const struct params *from, struct err *e);
/* The same of a part whose list is not open. ret->count is 0 when there is no list now. */
MUST_USE int ticks_read_part(struct ticks *ret, const struct request *rq, const struct part *part,
    const struct params *from, struct err *e);

#endif
