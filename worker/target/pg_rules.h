/* pg_rules.h: which SQL statements may be restored, by their words. */
#ifndef WORKER_TARGET_PG_RULES_H
#define WORKER_TARGET_PG_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/attr.h"
#include "worker/target/pg_fence.h"

enum { PG_TOKENS = 8, PG_TOKEN_SIZE = 64 };
enum pg_token {
	PG_NONE,
	PG_WORD, /* lower case */
	PG_NAME, /* in double quotes */
	PG_TEXT, /* in quotes of any other kind */
	PG_SYMBOL
};

/* One statement so far: its first tokens, and what its later ones have told. */
struct pg_statement {
	struct {
		enum pg_token kind;
		char text[PG_TOKEN_SIZE];
	} head[PG_TOKENS], last;
	size_t count;
	int depth;           /* of brackets */
	int atomic;          /* of the blocks of a function's BEGIN ATOMIC … END */
	bool fresh;          /* a statement inside such a block begins */
	bool on, from, rows; /* GRANT … ON; COPY … FROM; COPY … FROM stdin */
};

/* The next token; a longer text comes cut. NULL: fine so far; else what it would do, to be read
 * behind "which would". */
const char *pg_rules_token(struct pg_statement *s, enum pg_fence_kind kind, enum pg_token token,
    const char *text);
/* The statement ends here. */
const char *pg_rules_end(const struct pg_statement *s, enum pg_fence_kind kind);

#endif
