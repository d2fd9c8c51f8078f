/* download.c: words and legal moves of prepared downloads. */
#include "lib/model/download.h"

#include "lib/model/word.h"

static const char *const states[DOWNLOAD_STATES] = {
	[DOWNLOAD_PREPARING] = "preparing",
	[DOWNLOAD_READY] = "ready",
	[DOWNLOAD_FAILED] = "failed",
	[DOWNLOAD_EXPIRED] = "expired",
	[DOWNLOAD_REVOKED] = "revoked",
};
static const char *const formats[DOWNLOAD_FORMATS] = {
	[FORMAT_TAR] = "tar",
	[FORMAT_TAR_GZ] = "tar.gz",
	[FORMAT_TAR_ZST] = "tar.zst",
	[FORMAT_ZIP] = "zip",
};

static const bool moves[DOWNLOAD_STATES][DOWNLOAD_STATES] = {
	[DOWNLOAD_PREPARING] = { [DOWNLOAD_READY] = true, [DOWNLOAD_FAILED] = true },
	[DOWNLOAD_READY] = { [DOWNLOAD_EXPIRED] = true, [DOWNLOAD_REVOKED] = true },
};

const char *
download_state_name(enum download_state state)
{
	return word_of(states, DOWNLOAD_STATES, (int)state);
}

bool
download_state_parse(enum download_state *ret, const char *name)
{
	int found = word_find(states, DOWNLOAD_STATES, name);

	if (found < 0)
		return false;
	*ret = (enum download_state)found;
	return true;
}

bool
download_may_go(enum download_state from, enum download_state to)
{
	return from < DOWNLOAD_STATES && to < DOWNLOAD_STATES && moves[from][to];
}

const char *
download_format_name(enum download_format format)
{
	return word_of(formats, DOWNLOAD_FORMATS, (int)format);
}

bool
download_format_parse(enum download_format *ret, const char *name)
{
	int found = word_find(formats, DOWNLOAD_FORMATS, name);

	if (found < 0)
		return false;
	*ret = (enum download_format)found;
	return true;
}
