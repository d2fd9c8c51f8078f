/* name.h: what may be called what, and the short ids people say aloud. */
#ifndef LIB_MODEL_NAME_H
#define LIB_MODEL_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"

enum { NAME_SLUG_MAX = 40, NAME_TEXT_MAX = 100, NAME_NOTE_MAX = 500, NAME_EMAIL_MAX = 254,
	NAME_HOOK_MAX = 60 };

/* Slug: 1 to 40 of a-z 0-9 and dashes, a letter or digit at both ends. ERR_INPUT says what is
 * wrong. */
MUST_USE int name_check_slug(const char *slug, struct err *e);

/* A title of a thing: 1 to 100 characters of valid UTF-8 on one line. `what` begins the sentence
 * ("Name"). */
MUST_USE int name_check_title(const char *what, const char *text, struct err *e);

/* A note: at most 500 characters of valid UTF-8; empty is fine; line breaks are allowed. */
MUST_USE int name_check_note(const char *text, struct err *e);

/* The name of an executable in home/hooks: at most 60 of A-Z a-z 0-9 . _ -, no dot or dash first;
 * "" is none. */
MUST_USE int name_check_hook(const char *text, struct err *e);

/* local@domain in ASCII without spaces, quotes, angle brackets or control characters. */
MUST_USE int name_check_email(const char *text, struct err *e);

/* "b101": one letter and a number above 0. */
enum { NAME_ID_SIZE = 24 };
enum name_kind { NAME_BACKUP = 'b', NAME_JOB = 'j', NAME_DOWNLOAD = 'd', NAME_RESTORE = 'r',
	NAME_SCHEDULE = 's' };
void name_id(char out[NAME_ID_SIZE], enum name_kind kind, int64_t n);
/* Reads "b101" or "101"; false for anything else. */
MUST_USE bool name_id_parse(int64_t *ret, enum name_kind kind, const char *text);

#endif
