/* log.c: one line per event on stderr, logfmt with the sd-daemon priority in front. */
#include "lib/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/buf.h"

static enum log_level limit = LOG_INFO;

void
log_set_level(enum log_level level)
{
	limit = level;
}

static const char *
level_name(enum log_level level)
{
	switch (level) {
	case LOG_ERROR: return "error";
	case LOG_WARN:  return "warn";
	case LOG_INFO:  return "info";
	case LOG_DEBUG: return "debug";
	}
	return "unknown";
}

static void
add_quoted(struct buf *line, const char *text)
{
	buf_char(line, '"');
	for (const char *p = text; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '"' || c == '\\')
			buf_printf(line, "\\%c", c);
		else if (c == '\n')
			buf_text(line, "\\n");
		else if (c < 0x20 || c == 0x7f)
			buf_printf(line, "\\x%02x", c);
		else
			buf_char(line, *p);
	}
	buf_char(line, '"');
}

void
log_line(enum log_level level, const char *event, const char *fmt, ...)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	char text[2048];
	va_list ap;

	if (level > limit)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_printf(&line, "<%d>level=%s event=%s pid=%d msg=", (int)level, level_name(level), event,
	    getpid());
	add_quoted(&line, text);
	buf_char(&line, '\n');
	/* One write, so that lines of several processes do not mix; a full pipe loses the line. */
	if (write(STDERR_FILENO, line.p, line.n) < 0)
		return;
}
