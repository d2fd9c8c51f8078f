/* name.c: what may be called what, and the short ids people say aloud. */
#include "lib/model/name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/num.h"
#include "lib/base/utf8.h"

static bool
alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

int
name_check_slug(const char *slug, struct err *e)
{
	size_t n = strlen(slug);

	if (n == 0)
		return err_set(e, ERR_INPUT, "Enter a short name: a\u2013z, 0\u20139 and dashes");
	if (n > NAME_SLUG_MAX)
		return err_set(e, ERR_INPUT, "Use at most %d characters", NAME_SLUG_MAX);
	for (size_t i = 0; i < n; i++)
		if (!alnum(slug[i]) && slug[i] != '-')
			return err_set(e, ERR_INPUT, "Use a\u2013z, 0\u20139 and dashes");
	if (slug[0] == '-' || slug[n - 1] == '-')
		return err_set(e, ERR_INPUT, "Begin and end with a letter or a digit");
	return 0;
}

/* Valid UTF-8 without control characters other than those in `allowed`. */
static bool
clean_text(const char *text, const char *allowed)
{
	if (!utf8_valid(text, strlen(text)))
		return false;
	for (const char *p = text; *p != '\0'; p++)
		if (((unsigned char)*p < 0x20 && strchr(allowed, *p) == NULL) || *p == 0x7f)
			return false;
	return true;
}

int
name_check_title(const char *what, const char *text, struct err *e)
{
	size_t n;

	if (text[strspn(text, " \t")] == '\0')
		return err_set(e, ERR_INPUT, "%s is missing", what);
	if (!clean_text(text, ""))
		return err_set(e, ERR_INPUT, "%s must be plain text on one line", what);
	n = utf8_length(text);
	if (n > NAME_TEXT_MAX)
		return err_set(e, ERR_INPUT, "%s is %zu characters; the limit is %d", what, n,
		    NAME_TEXT_MAX);
	return 0;
}

int
name_check_note(const char *text, struct err *e)
{
	size_t n;

	if (!clean_text(text, "\r\n\t"))
		return err_set(e, ERR_INPUT, "Note must be plain text");
	n = utf8_length(text);
	if (n > NAME_NOTE_MAX)
		return err_set(e, ERR_INPUT, "Note is %zu characters; the limit is %d", n,
		    NAME_NOTE_MAX);
	return 0;
}

int
name_check_hook(const char *text, struct err *e)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	if (strlen(text) > NAME_HOOK_MAX || strspn(text, letters) != strlen(text) ||
	    text[0] == '.' || text[0] == '-')
		return err_set(e, ERR_INPUT,
		    "Enter the name of a file in the folder hooks: letters, digits, dots, dashes"
		    " and underscores, at most %d, without a path", NAME_HOOK_MAX);
	return 0;
}

/* Dot-separated labels of letters, digits and dashes; none empty, none with a dash at an end. */
static bool
domain_ok(const char *domain)
{
	char before = '.';

	for (const char *p = domain;; p++) {
		char low = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);

		if ((*p == '.' || *p == '\0') && (before == '.' || before == '-'))
			return false;
		if (*p == '\0')
			return true;
		if (*p == '-' && before == '.')
			return false;
		if (!alnum(low) && *p != '-' && *p != '.')
			return false;
		before = *p;
	}
}

int
name_check_email(const char *text, struct err *e)
{
	const char *at = strchr(text, '@');
	size_t n = strlen(text);

	if (n == 0)
		return err_set(e, ERR_INPUT, "Enter an e-mail address");
	if (n > NAME_EMAIL_MAX)
		return err_set(e, ERR_INPUT, "The e-mail address is longer than %d characters",
		    NAME_EMAIL_MAX);
	if (at == NULL || at == text || at - text > 64 || strchr(at + 1, '@') != NULL ||
	    !domain_ok(at + 1))
		goto bad;
	for (const char *p = text; *p != '\0'; p++)
		if (*p <= 0x20 || *p >= 0x7f || strchr("\"\\<>(),:;[]", *p) != NULL)
			goto bad;
	if (*text == '.' || at[-1] == '.' || strstr(text, "..") != NULL)
		goto bad;
	return 0;
bad:
	return err_set(e, ERR_INPUT, "%s is not an e-mail address",
	    n <= 60 && clean_text(text, "") ? text : "That");
}

void
name_id(char out[NAME_ID_SIZE], enum name_kind kind, int64_t n)
{
	snprintf(out, NAME_ID_SIZE, "%c%" PRId64, (char)kind, n);
}

bool
name_id_parse(int64_t *ret, enum name_kind kind, const char *text)
{
	if (text == NULL)
		return false;
	if (*text == (char)kind)
		text++;
	return *text != '0' && num_parse(ret, text, 1, INT64_MAX);
}
