/* complaints.h: what is wrong in a form, in the order in which it was found. */
#ifndef CGI_PAGE_COMPLAINTS_H
#define CGI_PAGE_COMPLAINTS_H

#include <stddef.h>

#include "lib/model/project.h"

/* More than any form has fields; what comes after that many is not told. */
enum { COMPLAINTS_MAX = 24 };

struct complaints {
	struct field_error items[COMPLAINTS_MAX];
	size_t count;
};

/* `field` "" means the form as a whole. Both texts belong to the caller and outlive `to`. Gives the
 * text back, for whoever shows it beside the field. */
const char *complaints_add(struct complaints *to, const char *field, const char *text);

#endif
