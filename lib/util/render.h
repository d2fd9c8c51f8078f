/* render.h: ClearSilver, behind a tree and two functions. Only render.c includes ClearSilver.h.
 *
 * A page is a tree of names and text values and a template. Names are constants of ours and running
 * numbers; text from outside is only ever a value. Values are cleaned to valid UTF-8 here. Numbers
 * are formatted in C (ClearSilver's are 32 bits); a condition is "1" or not set. Pages escape every
 * value for HTML; plain text mails (render_text) escape nothing.
 */
#ifndef LIB_UTIL_RENDER_H
#define LIB_UTIL_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

struct tree;      /* the data of one page */
struct node;      /* a place in a tree, owned by it */

struct tree *tree_new(void);
void tree_free(struct tree *t);
void tree_freep(struct tree **t);
#define CLEANUP_TREE CLEANUP(tree_freep)
struct node *tree_root(struct tree *t);

/* The child of that name, made if need be; `name` may be a dotted path of constants. */
struct node *node_at(struct node *n, const char *name);
/* A new last element of the list `name`: rows.0, rows.1 … */
struct node *node_add(struct node *n, const char *name);
/* NULL sets nothing; the name "" is the place itself. A value longer than 1 MiB is cut. */
void node_set(struct node *n, const char *name, const char *value);
void node_setf(struct node *n, const char *name, const char *fmt, ...) PRINTF(3, 4);
void node_flag(struct node *n, const char *name, bool on);                   /* "1" or not set */
void node_int(struct node *n, const char *name, int64_t value);
/* The value at a path, or NULL: for tests. */
const char *node_get(struct node *n, const char *name);

/*
 * Templates are parsed once per process (again when changed, under LAZARETTE_DEV=1). Every failure
 * is an error, a missing include too; nothing is appended then. Refused at parsing: lvar, evar,
 * linclude, include but of a literal name (`include!"name"`) and, in HTML, uvar, alt, name and
 * escape, which print values unescaped.
 */
/* Append `folder`/`name` as HTML with every value escaped, or as plain text with none. */
MUST_USE int render_html(struct buf *out, const char *folder, const char *name, struct tree *t,
    struct err *e);
MUST_USE int render_text(struct buf *out, const char *folder, const char *name, struct tree *t,
    struct err *e);
/* Read a tree from a .hdf file: for the gold tests of templates. */
MUST_USE int tree_read(struct tree *t, const char *path, struct err *e);

#endif
