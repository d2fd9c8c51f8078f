/* pg_fence.c: what a PostgreSQL script may do when it is restored: its characters. */
#include "worker/target/pg_fence.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/utf8.h"
#include "worker/target/pg_rules.h"

enum { SHOWN = 200, LINE_HEAD = 20, END = -1 };

enum state {
	BETWEEN,                      /* between two tokens */
	WORD,
	LINE_COMMENT,
	BLOCK_COMMENT,
	TEXT,                         /* '…' */
	ESCAPED,                      /* E'…' */
	NAME,                         /* "…" */
	TAG,                          /* $tag$ */
	DOLLAR,                       /* what stands behind it */
	COMMAND,                      /* \restrict of pg_dump, to its line's end */
	ROWS_NEXT,                    /* behind the semicolon of COPY … FROM stdin */
	ROWS
};

struct pg_fence {
	enum pg_fence_kind kind;
	enum state state;
	struct pg_statement statement;
	char token[PG_TOKEN_SIZE];    /* of the token being read, as much as fits */
	size_t token_n;
	char tag[PG_TOKEN_SIZE];      /* "$tag$", which ends a body */
	size_t tag_n, matched;        /* of which so many have been seen */
	int comments;                 /* depth of block comments */
	/* An escaped text goes on in the next line: E'a' <line break> 'b'. */
	enum { NOT_CONTINUED, SAME_LINE, NEXT_LINE } continued;
	bool skip;                    /* the second character of a pair was seen with the first */
	bool refused;
	int held;                     /* the character whose successor is not known yet, or END */
	const char *why;              /* refused as soon as its line is read, to show it */
	int64_t line, shown_line;
	char head[LINE_HEAD];         /* how the present line begins */
	size_t line_n;
	char before;                  /* the last character of a line so far */
	bool dashes, was_dashes;      /* this line ends in "--"; the one before did */
	char shown[SHOWN + 1];        /* the statement as it is shown */
	size_t shown_n;
	bool dot;                     /* the present row is "\." so far */
};

struct pg_fence *
pg_fence_new(enum pg_fence_kind kind)
{
	struct pg_fence *f = xmalloc(sizeof *f);

	*f = (struct pg_fence){ .kind = kind, .held = END, .line = 1, .shown_line = 1 };
	return f;
}

void
pg_fence_freep(struct pg_fence **f)
{
	free(*f);
	*f = NULL;
}

static bool
begins_word(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool
in_word(int c)
{
	return begins_word(c) || (c >= '0' && c <= '9') || c == '$';
}

static bool
is_space(int c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/* As the server has it, where a comment or a text is at its line's end. */
static bool
ends_line(int c)
{
	return c == '\n' || c == '\r';
}

static void
refuse(struct pg_fence *f, const char *why)
{
	if (f->why == NULL)
		f->why = why;
}

static void
keep(struct pg_fence *f, int c)
{
	if (f->token_n < sizeof f->token - 1)
		f->token[f->token_n++] = (char)c;
}

static void
give(struct pg_fence *f, enum pg_token kind)
{
	const char *why;

	f->token[f->token_n] = '\0';
	f->token_n = 0;
	why = pg_rules_token(&f->statement, f->kind, kind, f->token);
	if (why != NULL)
		refuse(f, why);
}

static void
end_statement(struct pg_fence *f)
{
	const char *why = pg_rules_end(&f->statement, f->kind);

	if (why != NULL)
		refuse(f, why);
	f->state = f->statement.rows ? ROWS_NEXT : BETWEEN;
	f->statement = (struct pg_statement){ 0 };
	if (f->why == NULL)
		f->shown_n = 0;
}

static void
symbol(struct pg_fence *f, int c)
{
	if (c == ';' && f->statement.atomic > 0) {
		f->statement.fresh = true;
		return;
	}
	if (c == ';' && f->statement.depth <= 0) {
		end_statement(f);
		return;
	}
	if (c == ')' || c == ']')
		f->statement.depth--;
	keep(f, c);
	give(f, PG_SYMBOL);
	if (c == '(' || c == '[')
		f->statement.depth++;
}

/* pg_restore passes on nothing to psql but \restrict and \unrestrict, each in a line of its own. */
static void
command(struct pg_fence *f)
{
	if (f->line_n == 1 && f->statement.count == 0 && f->kind == PG_FENCE_DUMP) {
		f->state = COMMAND;
		f->token_n = 0;
	} else {
		refuse(f, "run a command of psql");
	}
}

static void
command_end(struct pg_fence *f)
{
	f->token[f->token_n] = '\0';
	f->token_n = 0;
	if (strncmp(f->token, "restrict ", 9) != 0 && strncmp(f->token, "unrestrict ", 11) != 0)
		refuse(f, "run a command of psql");
	f->state = BETWEEN;
	if (f->why == NULL)
		f->shown_n = 0;
}

static void
between(struct pg_fence *f, int c, int next)
{
	if (is_space(c)) {
		if (ends_line(c) && f->continued == SAME_LINE)
			f->continued = NEXT_LINE;
		return;
	}
	if (c == '-' && next == '-') {
		f->state = LINE_COMMENT;
		return;
	}
	if (c == '\'') {
		f->state = f->continued == NEXT_LINE ? ESCAPED : TEXT;
		f->continued = NOT_CONTINUED;
		return;
	}
	f->continued = NOT_CONTINUED;
	if (c == '/' && next == '*') {
		f->state = BLOCK_COMMENT;
		f->comments = 1;
		f->skip = true;
	} else if (c == '"') {
		f->state = NAME;
	} else if (c == '\\') {
		command(f);
	} else if (c == '$' && (begins_word(next) || next == '$')) {
		f->state = TAG;
		f->tag[0] = '$';
		f->tag_n = 1;
	} else if (begins_word(c)) {
		f->state = WORD;
	} else if (c < '0' || c > '9') {
		symbol(f, c);
	}
}

static void
word(struct pg_fence *f, int c, int next)
{
	bool escapes;

	keep(f, c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	if (in_word(next))
		return;
	escapes = f->token_n == 1 && f->token[0] == 'e' && next == '\'';
	give(f, PG_WORD);
	f->state = escapes ? ESCAPED : BETWEEN;
	f->skip = escapes;
}

/* '…' or "…": a doubled quote stands for itself. */
static void
quoted(struct pg_fence *f, int c, int next)
{
	char quote = f->state == NAME ? '"' : '\'';

	if (f->state == ESCAPED && c == '\\') {
		f->skip = true;
		return;
	}
	if (c != quote || next == quote) {
		f->skip = c == quote;
		keep(f, c);
		return;
	}
	f->continued = f->state == ESCAPED ? SAME_LINE : NOT_CONTINUED;
	give(f, f->state == NAME ? PG_NAME : PG_TEXT);
	f->state = BETWEEN;
}

static void
tag(struct pg_fence *f, int c)
{
	if (f->tag_n == sizeof f->tag) {
		refuse(f, "hide in a quote whose name is longer than any");
		return;
	}
	f->tag[f->tag_n++] = (char)c;
	if (c == '$') {
		f->state = DOLLAR;
		f->matched = 0;
	} else if (!in_word(c)) {
		/* "$a " was no quote. */
		f->state = BETWEEN;
		symbol(f, '$');
	}
}

static void
dollar(struct pg_fence *f, int c)
{
	/* A tag holds a dollar only at its ends, so what did not match can only begin it anew. */
	if ((char)c == f->tag[f->matched])
		f->matched++;
	else
		f->matched = c == '$' ? 1 : 0;
	if (f->matched == f->tag_n) {
		f->state = BETWEEN;
		f->token_n = 0;
		give(f, PG_TEXT);
	}
}

static void
block_comment(struct pg_fence *f, int c, int next)
{
	if (c == '/' && next == '*') {
		f->comments++;
		f->skip = true;
	} else if (c == '*' && next == '/') {
		f->skip = true;
		if (--f->comments == 0)
			f->state = BETWEEN;
	}
}

/* A row of COPY; "\." alone ends them. line_n counts this character, too. A row that only begins so
 * would end them for psql when a carriage return is all that follows; the server writes none. */
static void
row(struct pg_fence *f, int c)
{
	if (c == '\n') {
		if (f->line_n == 3 && f->dot)
			f->state = BETWEEN;
		f->shown_n = 0;
		return;
	}
	if (f->line_n == 1)
		f->dot = c == '\\';
	else if (f->line_n == 3 && f->dot)
		refuse(f, "hide behind the rows of a table");
	else if (f->line_n != 2 || c != '.')
		f->dot = false;
}

/* The border of two entries of the dump: what was open would hide the one that begins. */
static void
check_border(struct pg_fence *f)
{
	static const char *const borders[] = { "-- Name: ", "-- Data for Name: ",
		"-- PostgreSQL database dump complete" };

	for (size_t i = 0; i < sizeof borders / sizeof borders[0]; i++) {
		size_t n = strlen(borders[i]) < LINE_HEAD ? strlen(borders[i]) : LINE_HEAD;

		if (f->line_n != n || memcmp(f->head, borders[i], n) != 0)
			continue;
		if (f->state != LINE_COMMENT || f->statement.count != 0)
			refuse(f, "leave a quote or a statement open, to hide the next one");
	}
}

static void
track_line(struct pg_fence *f, int c)
{
	if (f->line_n < LINE_HEAD)
		f->head[f->line_n] = (char)c;
	f->line_n++;
	if (c == '\n') {
		f->was_dashes = f->dashes;
		f->dashes = false;
		return;
	}
	f->dashes = c == '-' && f->before == '-';
	f->before = (char)c;
	if (f->was_dashes && f->kind == PG_FENCE_DUMP)
		check_border(f);
}

static void
show(struct pg_fence *f, int c)
{
	if (f->shown_n == 0) {
		if (is_space(c))
			return;
		f->shown_line = f->line;
	}
	if (f->shown_n < SHOWN)
		f->shown[f->shown_n++] = c == '\n' || c == '\t' || c == '\r' ? ' ' : (char)c;
}

static void
act(struct pg_fence *f, int c, int next)
{
	switch (f->state) {
	case BETWEEN:
		between(f, c, next);
		/* A word of one letter is at its end already. */
		if (f->state == WORD)
			word(f, c, next);
		break;
	case WORD:
		word(f, c, next);
		break;
	case LINE_COMMENT:
		if (ends_line(c)) {
			f->state = BETWEEN;
			between(f, c, next);
			f->shown_n = f->statement.count == 0 ? 0 : f->shown_n;
		}
		break;
	case BLOCK_COMMENT:
		block_comment(f, c, next);
		break;
	case TEXT:
	case ESCAPED:
	case NAME:
		quoted(f, c, next);
		break;
	case TAG:
		tag(f, c);
		break;
	case DOLLAR:
		dollar(f, c);
		break;
	case COMMAND:
		if (c == '\n')
			command_end(f);
		else
			keep(f, c);
		break;
	case ROWS_NEXT:
		if (c == '\n')
			f->state = ROWS;
		else if (!is_space(c))
			refuse(f, "hide behind the rows of a table");
		break;
	case ROWS:
		row(f, c);
		break;
	}
}

static void
step(struct pg_fence *f, int c, int next)
{
	if (f->why == NULL) {
		show(f, c);
		track_line(f, c);
		if (f->skip)
			f->skip = false;
		else
			act(f, c, next);
	} else {
		show(f, c);
	}
	if (c == '\n') {
		f->line++;
		f->line_n = 0;
	}
}

static int
tell(struct pg_fence *f, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();

	f->refused = true;
	while (f->shown_n > 0 && f->shown[f->shown_n - 1] == ' ')
		f->shown_n--;
	return err_set(e, ERR_INPUT, "%s is refused at line %" PRId64 ", which would %s: %s",
	    f->kind == PG_FENCE_DUMP ? "The dump" : "The SQL", f->shown_line, f->why,
	    utf8_clean(a, f->shown, f->shown_n));
}

/*
 * Nearly all of a dump are rows. One that is here whole, begins with neither a backslash nor a dash
 * and ends in no dash cannot be a border or the end: how many of p's bytes it has. Its first one is
 * held.
 */
static size_t
skip_row(struct pg_fence *f, const char *p, size_t n)
{
	const char *end;

	if (f->state != ROWS || f->line_n != 0 || f->why != NULL || f->held == END ||
	    f->held == '\\' || f->held == '-' || f->held == '\n')
		return 0;
	end = memchr(p, '\n', n);
	if (end == NULL || end == p || end[-1] == '-')
		return 0;
	f->was_dashes = f->dashes = false;
	f->before = end[-1];
	f->line++;
	f->shown_n = 0;
	f->held = END;
	return (size_t)(end - p) + 1;
}

int
pg_fence_read(struct pg_fence *f, const char *p, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		int c;

		i += skip_row(f, p + i, n - i);
		if (i == n)
			break;
		c = (unsigned char)p[i];
		if (f->held != END)
			step(f, f->held, c);
		/* What was refused is shown to the end of its line. */
		if (f->refused || (f->why != NULL && (f->held == '\n' || f->shown_n == SHOWN)))
			return tell(f, e);
		f->held = c;
	}
	return 0;
}

int
pg_fence_end(struct pg_fence *f, struct err *e)
{
	if (f->held != END)
		step(f, f->held, END);
	f->held = END;
	if (f->state == COMMAND)
		command_end(f);
	if (f->why == NULL && f->kind == PG_FENCE_SQL && f->state == BETWEEN &&
	    f->statement.depth == 0 && f->statement.atomic == 0)
		end_statement(f);
	if (f->why == NULL && ((f->state != BETWEEN && f->state != LINE_COMMENT) ||
	                          f->statement.count != 0 || f->statement.depth != 0))
		refuse(f, "leave a quote or a statement open at its end");
	return f->why != NULL ? tell(f, e) : 0;
}
