/* show_log.c: what a job wrote, line by line, and the same as plain text. */
#include "cgi/page/show_log.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"

void
show_log_lines(struct node *n, const struct job_line *lines, size_t count)
{
	struct node *log = node_at(n, "log");
	char iso[CLOCK_ISO_SIZE];

	for (size_t i = 0; i < count; i++) {
		struct node *line = node_add(log, "lines");

		clock_iso(iso, lines[i].at);
		node_setf(line, "at", "%.8s", iso + strlen("2026-11-21T"));
		node_set(line, "stream", lines[i].stream);
		node_set(line, "text", lines[i].text);
	}
	if (count > 0 && lines[0].seq > 1)
		node_set(log, "cut", "1");
	node_flag(log, "any", count > 0);
}

void
show_log_text(struct buf *to, const struct job_line *lines, size_t count)
{
	char iso[CLOCK_ISO_SIZE];

	for (size_t i = 0; i < count; i++) {
		clock_iso(iso, lines[i].at);
		buf_printf(to, "%s %-4s %s\n", iso, lines[i].stream, lines[i].text);
	}
}
