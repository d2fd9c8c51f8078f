/* err.h: one failure, worded where it is found.
 *
 * A fallible function returns 0, or -1 after writing its last parameter, a
 * struct err. On success the err is left alone. Callers that know more put
 * their place in front with err_in(); only the top level logs or shows it.
 */
#ifndef LIB_BASE_ERR_H
#define LIB_BASE_ERR_H

#include "lib/base/attr.h"

/* Kinds decide: the web picks a status code by them, the worker retries or fails. */
enum err_kind {
	ERR_INTERNAL,   /* a fault of ours or of the system           500, fail */
	ERR_INPUT,      /* what a person or a file gave is not valid  422, fail */
	ERR_DENIED,     /* the right is missing                       403 */
	ERR_NOT_FOUND,  /*                                            404 */
	ERR_CONFLICT,   /* not possible in the present state          409 */
	ERR_GONE,       /* was there once                             410 */
	ERR_TOO_MANY,   /* rate limit                                 429 */
	ERR_BUSY,       /* locked or out of reach now                 503, retry */
	ERR_FULL,       /* no room in a storage or the catalogue      503, fail with the numbers */
	ERR_DAMAGED,    /* bytes differ from what was promised        500, fail */
	ERR_CANCELLED,  /* somebody asked for it to stop              409, cancelled */
	ERR_FENCED,     /* the lease is lost: another worker has it   stop at once, write nothing */
	ERR_KINDS
};

enum { ERR_TEXT_MAX = 1024 };

struct err {
	enum err_kind kind;
	int exit_code;             /* of the tool that failed; 0 when no tool did */
	int os;                    /* errno of the call that failed, from err_sys(); else 0 */
	char text[ERR_TEXT_MAX];   /* one sentence, UTF-8, never a secret */
};

/* Each returns -1, so that a caller can write `return err_set(e, ...)`. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...) PRINTF(3, 4);

/* As err_set(ERR_INTERNAL), with ": " and the words for errno behind it.
 * ENOSPC and EDQUOT become ERR_FULL. */
int err_sys(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* Put "<place>: " in front of the text; a text that grows too long loses its end. */
int err_in(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* Lower-case name of a kind ("not_found"), for logs and the catalogue. */
const char *err_kind_name(enum err_kind kind);

#endif
