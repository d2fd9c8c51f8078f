/* complaints.c: what is wrong in a form, in the order in which it was found. */
#include "cgi/page/complaints.h"

const char *
complaints_add(struct complaints *to, const char *field, const char *text)
{
	if (to->count < COMPLAINTS_MAX)
		to->items[to->count++] = (struct field_error){ field, text };
	return text;
}
