/* sftp_ls.c: one line of a folder's list, as servers write it for people ("ls -l"). */
#include "lib/util/sftp_ls.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

#include "lib/base/num.h"

/* Nobody needs to know more than that a file is old; a younger one is asked for its time. */
enum { YEAR_MONTHS = 12, HOUR_MS = 3600 * 1000, YOUNG_MS = 72 * HOUR_MS };

/* The last word of the line, which is cut off before it. */
static char *
last_word(char *line)
{
	size_t n = strlen(line);

	while (n > 0 && line[n - 1] == ' ')
		n--;
	line[n] = '\0';
	while (n > 0 && line[n - 1] != ' ')
		n--;
	if (n > 0)
		line[n - 1] = '\0';
	return line + n;
}

static int
month_of(const char *word)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < YEAR_MONTHS; i++)
		if (strlen(word) == 3 && strncmp(word, names + (ptrdiff_t)3 * i, 3) == 0)
			return i;
	return -1;
}

/* "Nov 29 04:49" of the last months, "Nov 29 2025" of older ones; 0 for another shape. */
static int64_t
moment(const char *month, const char *day, const char *last, int64_t now)
{
	time_t today = (time_t)(now / 1000);
	struct tm tm = { .tm_mon = month_of(month) }, present;
	int64_t number, at;
	bool clock = strlen(last) == 5 && last[2] == ':';

	if (tm.tm_mon < 0 || !num_parse(&number, day, 1, 31) || gmtime_r(&today, &present) == NULL)
		return 0;
	tm.tm_mday = (int)number;
	tm.tm_year = present.tm_year;
	if (!clock && !num_parse(&number, last, 1970, 9999))
		return 0;
	if (!clock)
		tm.tm_year = (int)number - 1900;
	at = (int64_t)timegm(&tm) * 1000;
	if (clock && at > now + YOUNG_MS) {
		tm.tm_year--;
		at = (int64_t)timegm(&tm) * 1000;
	}
	return at > 0 && at < now - YOUNG_MS ? at : 0;
}

bool
sftp_ls_read(struct sftp_entry *ret, char *line, int64_t now)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	char *name = last_word(line), *last, *day, *month, *size;

	/* Nothing before the name: not the line that was expected. */
	if ((*line != '-' && *line != 'd') || name == line || *name == '\0' ||
	    strspn(name, allowed) != strlen(name) || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return false;
	*ret = (struct sftp_entry){ .name = name, .folder = *line == 'd' };
	last = last_word(line);
	day = last_word(line);
	month = last_word(line);
	size = last_word(line);
	/* From the right, for the names of owners and groups may have spaces. */
	if (month_of(month) < 0 || !num_parse(&ret->bytes, size, 0, INT64_MAX))
		ret->bytes = -1;
	else
		ret->changed_at = moment(month, day, last, now);
	return true;
}
