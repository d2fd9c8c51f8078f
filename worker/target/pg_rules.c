/* pg_rules.c: which SQL statements may be restored, by their words. */
#include "worker/target/pg_rules.h"

#include <string.h>
#include <strings.h>

static const char foreign_program[] = "run a program or touch a file of the server";
static const char foreign_language[] =
    "make a function in a language that reaches out of the database";
static const char foreign_words[] = "run a statement that no pg_dump writes";

static bool
one_of(const char *const *words, const char *word)
{
	for (; *words != NULL; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

static bool
word_at(const struct pg_statement *s, size_t i, const char *word)
{
	return s->count > i && i < PG_TOKENS && s->head[i].kind == PG_WORD &&
	    strcmp(s->head[i].text, word) == 0;
}

static bool
symbol_at(const struct pg_statement *s, size_t i, char symbol)
{
	return s->count > i && i < PG_TOKENS && s->head[i].kind == PG_SYMBOL &&
	    s->head[i].text[0] == symbol;
}

/* COPY … FROM stdin, and nothing else: no TO, no PROGRAM, no file, no options. */
static const char *
copy_token(struct pg_statement *s, enum pg_token token, const char *text)
{
	if (s->rows)
		return foreign_program;
	if (s->from) {
		if (token != PG_WORD || strcmp(text, "stdin") != 0)
			return foreign_program;
		s->rows = true;
	} else if (token == PG_WORD && s->depth == 0 && strcmp(text, "from") == 0) {
		s->from = true;
	} else if (token == PG_WORD && s->depth == 0 && strcmp(text, "to") == 0) {
		return foreign_program;
	}
	return NULL;
}

/* "language c", also as a name or a text; one letter may be what stands before a text (E'\x63'). */
static bool
reaches_out(const char *language)
{
	size_t n = strlen(language);

	return n <= 1 || strcasecmp(language, "internal") == 0 ||
	    strncasecmp(language, "plpython", 8) == 0 || strncasecmp(language, "plsh", 4) == 0 ||
	    strcasecmp(language, "plr") == 0 || language[n - 1] == 'u' || language[n - 1] == 'U';
}

/* Inside BEGIN ATOMIC a semicolon does not end the statement; what may stand there is known. */
static const char *
atomic_token(struct pg_statement *s, enum pg_token token, const char *text)
{
	static const char *const may[] = { "select", "insert", "update", "delete", "merge",
		"return", "values", "with", "end", NULL };
	bool word = token == PG_WORD;

	if (s->fresh && !(word && one_of(may, text)) && !(token == PG_SYMBOL && *text == '('))
		return foreign_words;
	s->fresh = false;
	if (word && strcmp(text, "case") == 0)
		s->atomic++;
	else if (word && strcmp(text, "end") == 0)
		s->atomic--;
	return NULL;
}

/* What the dump calls itself takes words of no other kind: no query hides in it. */
static const char *
select_token(const struct pg_statement *s, enum pg_token token, const char *text)
{
	static const char *const may[] = { "true", "false", "null", NULL };

	if (s->count > 4 && (token == PG_NAME || (token == PG_WORD && !one_of(may, text))))
		return foreign_words;
	return NULL;
}

const char *
pg_rules_token(struct pg_statement *s, enum pg_fence_kind kind, enum pg_token token,
    const char *text)
{
	const char *why = NULL;

	if (word_at(s, 0, "copy"))
		why = copy_token(s, token, text);
	else if (word_at(s, 0, "create") && s->atomic > 0)
		why = atomic_token(s, token, text);
	else if (word_at(s, 0, "create") && s->depth == 0 && s->last.kind == PG_WORD &&
	    strcmp(s->last.text, "language") == 0 && token != PG_SYMBOL && reaches_out(text))
		why = foreign_language;
	else if (word_at(s, 0, "create") && s->depth == 0 && token == PG_WORD &&
	    s->last.kind == PG_WORD && strcmp(s->last.text, "begin") == 0 &&
	    strcmp(text, "atomic") == 0)
		s->atomic = s->fresh = true;
	else if (kind == PG_FENCE_DUMP && word_at(s, 0, "select"))
		why = select_token(s, token, text);
	s->on |= token == PG_WORD && s->depth == 0 && strcmp(text, "on") == 0;
	s->last.kind = token;
	memcpy(s->last.text, text, strnlen(text, PG_TOKEN_SIZE - 1) + 1);
	s->last.text[PG_TOKEN_SIZE - 1] = '\0';
	if (s->count < PG_TOKENS) {
		s->head[s->count].kind = token;
		memcpy(s->head[s->count].text, s->last.text, PG_TOKEN_SIZE);
	}
	s->count++;
	return why;
}

/* CREATE, ALTER or DROP: what stands behind, without the words that may come before it. */
static const char *
judge_object(const struct pg_statement *s)
{
	static const struct {
		const char *noun, *why;
	} refused[] = {
		{ "database", "create, change or drop a database" },
		{ "tablespace", "create, change or drop a tablespace" },
		{ "system", "change the settings of the server" },
		{ "role", "create, change or drop a role" },
		{ "user", "create, change or drop a role" },
		{ "group", "create, change or drop a role" },
		{ "server", "reach another server" },
		{ "subscription", "reach another server" },
	};
	size_t i = 1;

	if (word_at(s, 1, "or") && word_at(s, 2, "replace"))
		i = 3;
	for (size_t k = 0; k < sizeof refused / sizeof refused[0]; k++)
		if (word_at(s, i, refused[k].noun))
			return refused[k].why;
	if (word_at(s, i, "foreign") && word_at(s, i + 1, "data"))
		return "reach another server";
	return NULL;
}

/* SET of what pg_dump sets. Quotes must mean what they mean here: so no other strings, and no
 * encoding whose letters may contain a backslash. */
static const char *
judge_set(const struct pg_statement *s)
{
	static const char *const may[] = { "statement_timeout", "lock_timeout",
		"idle_in_transaction_session_timeout", "transaction_timeout", "client_encoding",
		"standard_conforming_strings", "check_function_bodies", "xmloption",
		"client_min_messages", "row_security", "default_tablespace",
		"default_table_access_method", "default_with_oids", "escape_string_warning",
		"search_path", NULL };
	static const char *const never[] = { "SJIS", "SHIFT_JIS_2004", "BIG5", "GBK", "UHC",
		"GB18030", "JOHAB", NULL };

	if (word_at(s, 1, "session") || word_at(s, 1, "role") || word_at(s, 1, "local"))
		return "take another role";
	if (s->head[1].kind != PG_WORD || !one_of(may, s->head[1].text))
		return foreign_words;
	if (word_at(s, 1, "standard_conforming_strings") &&
	    !(s->count == 4 && symbol_at(s, 2, '=') && word_at(s, 3, "on")))
		return "give quotes another meaning";
	if (word_at(s, 1, "client_encoding") &&
	    (s->count != 4 || s->head[3].kind != PG_TEXT || one_of(never, s->head[3].text)))
		return "give quotes another meaning";
	return NULL;
}

static const char *
judge_select(const struct pg_statement *s)
{
	static const char *const may[] = { "setval", "set_config", "lo_create", "lo_open",
		"lowrite", "lo_close", NULL };

	if (!word_at(s, 1, "pg_catalog") || !symbol_at(s, 2, '.') || s->head[3].kind != PG_WORD ||
	    !one_of(may, s->head[3].text) || !symbol_at(s, 4, '('))
		return foreign_words;
	if (word_at(s, 3, "set_config") &&
	    (s->head[5].kind != PG_TEXT || strcmp(s->head[5].text, "search_path") != 0))
		return foreign_words;
	return NULL;
}

static const char *
judge_dump(const struct pg_statement *s)
{
	static const char *const may[] = { "create", "alter", "comment", "copy", "insert",
		"refresh", "security", "begin", "commit", NULL };

	if (word_at(s, 0, "set"))
		return judge_set(s);
	if (word_at(s, 0, "select"))
		return judge_select(s);
	if (word_at(s, 0, "grant") || word_at(s, 0, "revoke"))
		return s->on ? NULL : "give away a role";
	if (s->head[0].kind != PG_WORD || !one_of(may, s->head[0].text))
		return foreign_words;
	return NULL;
}

static const char *
judge_sql(const struct pg_statement *s)
{
	static const char *const ends[] = { "begin", "start", "commit", "end", "rollback", "abort",
		NULL };

	if (s->head[0].kind == PG_WORD && one_of(ends, s->head[0].text) &&
	    !(word_at(s, 0, "rollback") && (word_at(s, 1, "to"))))
		return "end the transaction in which all of it runs";
	if (word_at(s, 0, "prepare") && word_at(s, 1, "transaction"))
		return "end the transaction in which all of it runs";
	if ((word_at(s, 0, "set") || word_at(s, 0, "reset")) &&
	    (word_at(s, 1, "role") ||
	        ((word_at(s, 1, "session") || word_at(s, 1, "local")) &&
	            (word_at(s, 2, "authorization") || word_at(s, 2, "role")))))
		return "take another role";
	if ((word_at(s, 0, "grant") || word_at(s, 0, "revoke")) && !s->on)
		return "give away a role";
	return NULL;
}

const char *
pg_rules_end(const struct pg_statement *s, enum pg_fence_kind kind)
{
	const char *why = NULL;

	if (s->count == 0)
		return NULL;
	if (word_at(s, 0, "create") || word_at(s, 0, "alter") || word_at(s, 0, "drop"))
		why = judge_object(s);
	if (why == NULL && word_at(s, 0, "load"))
		why = foreign_program;
	if (why == NULL && word_at(s, 0, "copy") && !s->rows)
		why = foreign_program;
	if (why != NULL)
		return why;
	return kind == PG_FENCE_DUMP ? judge_dump(s) : judge_sql(s);
}
