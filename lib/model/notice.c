/* notice.c: what the console tells by itself: events, kinds of channels, and their words. */
#include "lib/model/notice.h"

#include <string.h>

#include "lib/model/word.h"

static const char *const events[NOTICE_EVENTS] = {
	[NOTICE_BACKUP_FAILED] = "backup-failed",
	[NOTICE_BACKUP_READY] = "backup-ready",
	[NOTICE_LATE] = "late",
	[NOTICE_AT_RISK] = "at-risk",
	[NOTICE_SUSPICIOUS] = "suspicious",
	[NOTICE_MISSING] = "missing",
	[NOTICE_STORAGE] = "storage",
	[NOTICE_WORKER_SILENT] = "worker-silent",
	[NOTICE_TEST_FAILED] = "test-failed",
	[NOTICE_RTO] = "rto",
	[NOTICE_HELD] = "held",
	[NOTICE_RECOVERED] = "recovered",
	[NOTICE_RESTORE_DONE] = "restore-done",
	[NOTICE_RESTORE_FAILED] = "restore-failed",
	[NOTICE_DIGEST] = "digest",
	[NOTICE_BACKUP_STARTED] = "backup-started",
	[NOTICE_ALIVE] = "alive",
	[NOTICE_TEST] = "test",
};

static const char *const titles[NOTICE_EVENTS] = {
	[NOTICE_BACKUP_FAILED] = "Backup failed",
	[NOTICE_BACKUP_READY] = "Backup ready",
	[NOTICE_LATE] = "Backup late",
	[NOTICE_AT_RISK] = "At risk: no good backup that is new enough",
	[NOTICE_SUSPICIOUS] = "Backup of suspicious size or contents",
	[NOTICE_MISSING] = "Stored bytes missing, damaged or not verified in time",
	[NOTICE_STORAGE] = "Storage nearly full",
	[NOTICE_WORKER_SILENT] = "Worker silent",
	[NOTICE_TEST_FAILED] = "Test restore failed",
	[NOTICE_RTO] = "A restore would take too long",
	[NOTICE_HELD] = "Application not let go after a backup",
	[NOTICE_RECOVERED] = "Recovered: one of the above is over",
	[NOTICE_RESTORE_DONE] = "Restore done",
	[NOTICE_RESTORE_FAILED] = "Restore failed",
	[NOTICE_DIGEST] = "Weekly digest",
	[NOTICE_BACKUP_STARTED] = "Backup started",
	[NOTICE_ALIVE] = "Worker alive",
	[NOTICE_TEST] = "Test",
};

static const char *const kinds[CHANNEL_KINDS] = {
	[CHANNEL_MAIL] = "mail", [CHANNEL_WEBHOOK] = "webhook", [CHANNEL_SLACK] = "slack",
	[CHANNEL_TEAMS] = "teams", [CHANNEL_NTFY] = "ntfy", [CHANNEL_HEALTHCHECKS] = "healthchecks",
};

static const char *const kind_titles[CHANNEL_KINDS] = {
	[CHANNEL_MAIL] = "E-mail", [CHANNEL_WEBHOOK] = "Signed webhook", [CHANNEL_SLACK] = "Slack",
	[CHANNEL_TEAMS] = "Microsoft Teams", [CHANNEL_NTFY] = "ntfy",
	[CHANNEL_HEALTHCHECKS] = "Healthchecks ping",
};

const char *
notice_event_name(enum notice_event event)
{
	return word_of(events, NOTICE_EVENTS, (int)event);
}

const char *
notice_event_title(enum notice_event event)
{
	return word_of(titles, NOTICE_EVENTS, (int)event);
}

bool
notice_event_parse(enum notice_event *ret, const char *name)
{
	int found = word_find(events, NOTICE_EVENTS, name);

	if (found < 0)
		return false;
	*ret = (enum notice_event)found;
	return true;
}

/* The kinds of alarms, in the order in which they are counted for a monitor. */
static const struct {
	const char *kind;
	enum notice_event event;
} alarms[] = {
	{ "late", NOTICE_LATE }, { "at-risk", NOTICE_AT_RISK },
	{ "suspicious", NOTICE_SUSPICIOUS }, { "storage", NOTICE_STORAGE },
	{ "worker", NOTICE_WORKER_SILENT }, { "test", NOTICE_TEST_FAILED },
	{ "missing", NOTICE_MISSING }, { "unread", NOTICE_MISSING },
	{ "rto", NOTICE_RTO }, { "held", NOTICE_HELD },
	{ "proof", NOTICE_MISSING },
};

const char *
notice_alarm_kind(size_t i)
{
	return i < sizeof alarms / sizeof *alarms ? alarms[i].kind : NULL;
}

bool
notice_of_alarm(enum notice_event *ret, const char *kind)
{
	for (size_t i = 0; i < sizeof alarms / sizeof *alarms; i++)
		if (strcmp(alarms[i].kind, kind) == 0) {
			*ret = alarms[i].event;
			return true;
		}
	return false;
}

const char *
notice_kind_name(enum channel_kind kind)
{
	return word_of(kinds, CHANNEL_KINDS, (int)kind);
}

const char *
notice_kind_title(enum channel_kind kind)
{
	return word_of(kind_titles, CHANNEL_KINDS, (int)kind);
}

bool
notice_kind_parse(enum channel_kind *ret, const char *name)
{
	int found = word_find(kinds, CHANNEL_KINDS, name);

	if (found < 0)
		return false;
	*ret = (enum channel_kind)found;
	return true;
}

/* A check of healthchecks knows good and bad and silence, so it gets what is one of these. */
bool
notice_suits(enum channel_kind kind, enum notice_event event, bool instance)
{
	bool whole = event == NOTICE_STORAGE || event == NOTICE_WORKER_SILENT ||
	    event == NOTICE_DIGEST;

	if (event >= NOTICE_CHOICES || (whole && !instance))
		return false;
	if (kind != CHANNEL_HEALTHCHECKS)
		return true;
	return event == NOTICE_BACKUP_FAILED || event == NOTICE_BACKUP_READY ||
	    event == NOTICE_WORKER_SILENT;
}

int64_t
notice_retry_ms(enum notice_event event, int64_t attempts)
{
	enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
	static const int64_t waits[] = { 5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR,
		10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR };

	/* One that comes late says what is no longer so, and the next is near. */
	if (event == NOTICE_ALIVE || event == NOTICE_BACKUP_STARTED)
		return -1;
	if (attempts < 1 || attempts > (int64_t)(sizeof waits / sizeof *waits))
		return -1;
	return waits[attempts - 1];
}
