/* show_badge.c: how safe an environment is, as a small picture and as JSON. */
#include "cgi/page/show_badge.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/num.h"

enum { LABEL_WIDTH = 56, PADDING = 14, LETTER = 7, MESSAGE = 2 * NUM_TEXT };

static const struct {
	const char *message, *colour, *hex;
} looks[SAFETY_STATES] = {
	[SAFETY_AT_RISK] = { "at risk", "red", "#a81f18" },
	[SAFETY_SUSPICIOUS] = { "suspicious", "orange", "#7d4a00" },
	[SAFETY_LATE] = { "late", "orange", "#7d4a00" },
	[SAFETY_NONE] = { "none yet", "red", "#a81f18" },
	[SAFETY_UNSCHEDULED] = { "not scheduled", "orange", "#7d4a00" },
	[SAFETY_PROTECTED] = { "protected", "green", "#0d6638" },
	[SAFETY_PAUSED] = { "paused", "lightgrey", "#4f5b69" },
};

/* "protected, 2 hours ago" */
static void
message(char out[MESSAGE], const struct stats_row *r, int64_t now)
{
	char ago[NUM_TEXT];

	if (r->facts.good == 0) {
		snprintf(out, MESSAGE, "%s", looks[r->safety.state].message);
		return;
	}
	num_ago(ago, r->facts.good_at, now);
	snprintf(out, MESSAGE, "%s, %s", looks[r->safety.state].message, ago);
}

void
show_badge_svg(struct buf *out, const struct stats_row *r, int64_t now)
{
	char text[MESSAGE];
	int width;

	message(text, r, now);
	width = (int)strlen(text) * LETTER + PADDING;
	buf_printf(out,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"20\" role=\"img\">"
	    "<title>backup: %s</title>"
	    "<rect width=\"%d\" height=\"20\" rx=\"3\" fill=\"#3b4552\"/>"
	    "<rect x=\"%d\" width=\"%d\" height=\"20\" rx=\"3\" fill=\"%s\"/>"
	    "<g fill=\"#ffffff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\""
	    " text-anchor=\"middle\"><text x=\"%d\" y=\"14\">backup</text>"
	    "<text x=\"%d\" y=\"14\">%s</text></g></svg>\n",
	    LABEL_WIDTH + width, text, LABEL_WIDTH + width, LABEL_WIDTH, width,
	    looks[r->safety.state].hex, LABEL_WIDTH / 2, LABEL_WIDTH + width / 2, text);
}

void
show_badge_json(struct buf *out, const struct stats_row *r, int64_t now)
{
	char text[MESSAGE];

	message(text, r, now);
	buf_printf(out,
	    "{\"schemaVersion\":1,\"label\":\"backup\",\"message\":\"%s\",\"color\":\"%s\"%s}\n",
	    text, looks[r->safety.state].colour,
	    safety_bad(r->safety.state) ? ",\"isError\":true" : "");
}
