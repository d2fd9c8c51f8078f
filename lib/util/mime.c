/* mime.c: one message of two alternatives, plain text and HTML. */
#include "lib/util/mime.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/utf8.h"

enum {
	LINE_MAX_WISHED = 76,      /* RFC 2045 and 2047 */
	HEADER_MAX = 1000,         /* bytes of one value before encoding */
	ADDRESS_MAX = 254,
};

/* In quoted-printable a '=' stands before a hex digit or a line end: no part can hold this. */
static const char boundary[] = "=_lazarette_alternative";

static bool
is_alnum(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* -- headers -- */

static int
check_value(const char *name, const char *value, struct err *e)
{
	size_t n = strlen(value);

	if (n > HEADER_MAX)
		return err_set(e, ERR_INPUT, "%s of a mail is %zu bytes long; the limit is %d",
		    name, n, HEADER_MAX);
	if (!utf8_valid(value, n))
		return err_set(e, ERR_INPUT, "%s of a mail is not valid UTF-8", name);
	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return err_set(e, ERR_INPUT,
			    "%s of a mail has a line break or control character in it", name);
	return 0;
}

/* The addresses name_check_email() lets through; that one lives a floor higher. */
static int
check_address(const char *name, const char *address, struct err *e)
{
	const char *at = strchr(address, '@');
	size_t n = strlen(address);

	if (at == NULL || at == address || at[1] == '\0' || strchr(at + 1, '@') != NULL ||
	    n > ADDRESS_MAX)
		return err_set(e, ERR_INPUT, "%s of a mail is not an address", name);
	for (const char *p = address; *p != '\0'; p++)
		if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f ||
		    strchr("<>()[]\\,;:\"", *p) != NULL)
			return err_set(e, ERR_INPUT, "%s of a mail is not an address", name);
	return 0;
}

/* An id is an address without a mail box behind it, and may have a number for a host. */
static int
check_id(const char *name, const char *id, struct err *e)
{
	if (check_address(name, id, e) != 0)
		return err_set(e, ERR_INPUT, "%s of a mail is not an id", name);
	return 0;
}

/* Words in which RFC 2047 needs no say: printable ASCII that fits on the header's own line. */
static bool
is_plain(const char *value, size_t room, bool phrase)
{
	size_t n = strlen(value);

	if (n > room || strstr(value, "=?") != NULL ||
	    (n > 0 && (value[0] == ' ' || value[n - 1] == ' ')))
		return false;
	for (const char *p = value; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			return false;
		/* A display name of other characters would need quoting. */
		if (phrase && !is_alnum((unsigned char)*p) && strchr(" -_", *p) == NULL)
			return false;
	}
	return true;
}

static size_t
character_size(const char *p)
{
	unsigned char c = (unsigned char)*p;

	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* RFC 2047 "Q" words of at most 75 characters, cut between characters, on lines of their own. */
static void
add_words(struct buf *out, const char *value, size_t column)
{
	static const char open[] = "=?UTF-8?Q?";
	size_t used = column + strlen(open);

	buf_text(out, open);
	while (*value != '\0') {
		size_t n = character_size(value);
		bool as_is = n == 1 && (is_alnum((unsigned char)*value) || *value == ' ');

		if (used + (as_is ? 1 : 3 * n) + 2 > LINE_MAX_WISHED) {
			buf_printf(out, "?=\r\n %s", open);
			used = 1 + strlen(open);
		}
		for (size_t i = 0; i < n; i++) {
			if (as_is)
				buf_char(out, *value == ' ' ? '_' : *value);
			else
				buf_printf(out, "=%02X", (unsigned char)value[i]);
		}
		used += as_is ? 1 : 3 * n;
		value += n;
	}
	buf_text(out, "?=");
}

static int
add_text_header(struct buf *out, const char *name, const char *value, struct err *e)
{
	size_t column = strlen(name) + 2;

	if (check_value(name, value, e) != 0)
		return -1;
	buf_printf(out, "%s: ", name);
	if (is_plain(value, LINE_MAX_WISHED - column, false))
		buf_text(out, value);
	else
		add_words(out, value, column);
	buf_text(out, "\r\n");
	return 0;
}

static int
add_address_header(struct buf *out, const char *name, const char *title, const char *address,
    struct err *e)
{
	size_t column = strlen(name) + 2;

	if (check_address(name, address, e) != 0 || check_value(name, title, e) != 0)
		return -1;
	buf_printf(out, "%s: ", name);
	if (*title != '\0' && is_plain(title, LINE_MAX_WISHED - column, true))
		buf_text(out, title);
	else if (*title != '\0')
		add_words(out, title, column);
	/* On a line of its own: the address may be long. */
	buf_printf(out, "%s<%s>\r\n", *title != '\0' ? "\r\n " : "", address);
	return 0;
}

/* RFC 5322, in words that no locale changes. */
static void
add_date(struct buf *out, int64_t ms)
{
	static const char days[] = "SunMonTueWedThuFriSat",
	                  months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t seconds = (time_t)(ms / 1000);
	struct tm t = { 0 };

	gmtime_r(&seconds, &t);
	buf_printf(out, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d +0000\r\n",
	    days + 3 * (t.tm_wday % 7), t.tm_mday, months + 3 * (t.tm_mon % 12), t.tm_year + 1900,
	    t.tm_hour, t.tm_min, t.tm_sec);
}

/* -- bodies -- */

/* One line of text without its end, as quoted-printable with soft line breaks. */
static void
add_line(struct buf *out, const char *p, size_t n)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		bool last = i + 1 == n;
		bool coded = c == '=' || c > 0x7e || (c < 0x20 && c != '\t') ||
		    (last && (c == ' ' || c == '\t'));

		if (used + (coded ? 3 : 1) > LINE_MAX_WISHED - (last ? 0 : 1)) {
			buf_text(out, "=\r\n");
			used = 0;
		}
		/* A dot or "From " at the start of a line means something to servers. */
		if (used == 0 && (c == '.' || c == 'F'))
			coded = true;
		if (coded)
			buf_printf(out, "=%02X", c);
		else
			buf_char(out, (char)c);
		used += coded ? 3 : 1;
	}
	buf_text(out, "\r\n");
}

static void
add_quoted_printable(struct buf *out, const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\r\n");

		add_line(out, text, n);
		text += n;
		if (*text == '\r' && text[1] == '\n')
			text++;
		if (*text != '\0')
			text++;
	}
}

static void
add_part(struct buf *out, const char *type, const char *text)
{
	buf_printf(out, "--%s\r\nContent-Type: %s; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n", boundary, type);
	add_quoted_printable(out, text);
	buf_text(out, "\r\n");
}

static int
add_headers(struct buf *out, const struct mime_mail *m, struct err *e)
{
	bool threaded = m->in_reply_to != NULL && *m->in_reply_to != '\0';

	if (check_id("Message-ID", m->message_id, e) != 0 ||
	    (threaded && check_id("In-Reply-To", m->in_reply_to, e) != 0) ||
	    add_address_header(out, "From", m->from_name ? m->from_name : "", m->from, e) != 0 ||
	    add_address_header(out, "To", "", m->to, e) != 0 ||
	    add_text_header(out, "Subject", m->subject, e) != 0)
		return -1;
	add_date(out, m->at);
	buf_printf(out, "Message-ID: <%s>\r\n", m->message_id);
	if (threaded)
		buf_printf(out, "In-Reply-To: <%s>\r\nReferences: <%s>\r\n", m->in_reply_to,
		    m->in_reply_to);
	buf_text(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
	buf_printf(out, "Content-Type: multipart/alternative; boundary=\"%s\"\r\n\r\n", boundary);
	return 0;
}

int
mime_build(struct buf *out, const struct mime_mail *m, struct err *e)
{
	size_t before = out->n;

	if (add_headers(out, m, e) != 0) {
		buf_cut(out, before);
		return -1;
	}
	/* The best alternative comes last (RFC 2046 §5.1.4). */
	add_part(out, "text/plain", m->text);
	add_part(out, "text/html", m->html);
	buf_printf(out, "--%s--\r\n", boundary);
	return 0;
}
