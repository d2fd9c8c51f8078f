/* notice_test.c: what each kind of channel is sent, and when it is tried again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/model/notice.h"
#include "lib/util/hooksign.h"

static struct err e;

static struct notice
hostile(void)
{
	return (struct notice){ .event = NOTICE_BACKUP_FAILED, .at = INT64_C(1795226400000),
		.project = "shop", .environment = "live",
		.title = "[shop/live] Backup b7 FAILED <!channel> & \"more\" **bold**"
		         " [x](http://evil)",
		.text = "line one\nüñí <https://evil|click> \t `code`", .backup = "b7",
		.backup_uuid = "0193-uuid", .job = "j9", .closes = "",
		.url = "https://backup.example.org/j/j9" };
}

static json_t *
body_of(struct arena *a, enum channel_kind kind, const char *url, struct notice_message *m)
{
	struct notice n = hostile();
	json_error_t where;
	json_t *root;

	if (notice_message(m, a, kind, url, &n, &e) != 0)
		fail_msg("%s", e.text);
	root = json_loads(m->body, JSON_REJECT_DUPLICATES, &where);
	if (root == NULL)
		fail_msg("%s: %s", where.text, m->body);
	return root;
}

/* The text at a path of members and places: "attachments/0/content". */
static const char *
at(const json_t *j, const char *path)
{
	char copy[200], *next = NULL;

	snprintf(copy, sizeof copy, "%s", path);
	for (char *word = strtok_r(copy, "/", &next); word != NULL;
	     word = strtok_r(NULL, "/", &next))
		j = json_is_array(j) ? json_array_get(j, (size_t)strtol(word, NULL, 10))
		                     : json_object_get(j, word);
	if (!json_is_string(j))
		fail_msg("nothing at %s", path);
	return json_string_value(j);
}

static void
PEER_9_a_webhook_is_sent_what_waits(void **state)
{
	struct arena *a = *state;
	struct notice_message m;
	struct notice n = hostile(), back;
	json_t *j = body_of(a, CHANNEL_WEBHOOK, "https://example.org/x", &m);

	assert_string_equal(at(j, "type"), "backup-failed");
	assert_string_equal(at(j, "timestamp"), "2026-11-21T02:00:00Z");
	assert_string_equal(at(j, "data/title"), n.title);
	assert_string_equal(at(j, "data/text"), n.text);
	assert_string_equal(at(j, "data/backup"), "b7");
	assert_null(json_object_get(json_object_get(j, "data"), "closes"));
	assert_string_equal(m.url, "https://example.org/x");
	/* There and back: nothing is lost, and the bytes are the same each time. */
	assert_int_equal(notice_parse(&back, a, m.body, &e), 0);
	assert_string_equal(notice_json(a, &back), m.body);
	assert_int_equal(back.at, n.at);
	json_decref(j);
	assert_int_equal(notice_parse(&back, a, "{}", &e), -1);
	assert_int_equal(notice_parse(&back, a, "not json", &e), -1);
	assert_int_equal(notice_parse(&back, a, "{\"type\":\"pigeon\",\"data\":{}}", &e), -1);
}

static void
PEER_9_slack_gets_blocks_in_which_nobody_is_called(void **state)
{
	struct notice_message m;
	json_t *j = body_of(*state, CHANNEL_SLACK, "https://hooks.slack.com/x", &m);

	assert_string_equal(at(j, "blocks/0/type"), "header");
	assert_string_equal(at(j, "blocks/0/text/type"), "plain_text");
	assert_string_equal(at(j, "blocks/1/text/type"), "plain_text");
	assert_non_null(strstr(at(j, "text"), "&lt;!channel&gt; &amp; \"more\""));
	assert_null(strchr(at(j, "text"), '<'));
	assert_string_equal(at(j, "blocks/2/text/text"),
	    "<https://backup.example.org/j/j9|Open in Lazarette>");
	json_decref(j);
}

static void
PEER_9_teams_gets_an_adaptive_card_of_plain_runs(void **state)
{
	struct notice_message m;
	json_t *j = body_of(*state, CHANNEL_TEAMS, "https://x.logic.azure.com/x", &m);

	assert_string_equal(at(j, "type"), "message");
	assert_string_equal(at(j, "attachments/0/contentType"),
	    "application/vnd.microsoft.card.adaptive");
	assert_string_equal(at(j, "attachments/0/content/type"), "AdaptiveCard");
	assert_string_equal(at(j, "attachments/0/content/body/0/type"), "RichTextBlock");
	assert_string_equal(at(j, "attachments/0/content/body/0/inlines/0/text"), hostile().title);
	assert_string_equal(at(j, "attachments/0/content/actions/0/url"), hostile().url);
	json_decref(j);
}

static void
PEER_9_ntfy_gets_its_topic_in_the_body(void **state)
{
	static const char *const wrong[] = { "https://ntfy.sh/", "https://ntfy.sh", "https://",
		"https://ntfy.sh/t?x=1" };
	struct notice n = hostile();
	struct notice_message m;
	json_t *j = body_of(*state, CHANNEL_NTFY, "https://ntfy.example/sub/topic-1", &m);

	assert_string_equal(m.url, "https://ntfy.example/sub/");
	assert_string_equal(at(j, "topic"), "topic-1");
	assert_string_equal(at(j, "title"), n.title);
	assert_string_equal(at(j, "message"), n.text);
	assert_string_equal(at(j, "tags/0"), "warning");
	json_decref(j);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(notice_message(&m, *state, CHANNEL_NTFY, wrong[i], &n, &e), -1);
}

static void
PEER_8_healthchecks_are_pinged_in_pairs(void **state)
{
	static const struct { enum notice_event event; const char *url; } list[] = {
		{ NOTICE_BACKUP_STARTED, "https://hc-ping.com/u/start?rid=0193-uuid" },
		{ NOTICE_BACKUP_READY, "https://hc-ping.com/u?rid=0193-uuid" },
		{ NOTICE_BACKUP_FAILED, "https://hc-ping.com/u/fail?rid=0193-uuid" },
		{ NOTICE_ALIVE, "https://hc-ping.com/u?rid=0193-uuid" },
		{ NOTICE_TEST, "https://hc-ping.com/u?rid=0193-uuid" },
	};
	struct notice n = hostile();
	struct notice_message m;

	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		n.event = list[i].event;
		assert_int_equal(notice_message(&m, *state, CHANNEL_HEALTHCHECKS,
		    "https://hc-ping.com/u/", &n, &e), 0);
		assert_string_equal(m.url, list[i].url);
	}
	n.backup_uuid = "";
	assert_int_equal(notice_message(&m, *state, CHANNEL_HEALTHCHECKS, "https://hc-ping.com/u",
	    &n, &e), 0);
	assert_string_equal(m.url, "https://hc-ping.com/u");
}

static void
long_texts_are_cut_between_characters(void **state)
{
	struct arena *a = *state;
	char *text = arena_alloc(a, 30001);
	struct notice n = hostile();

	for (int i = 0; i < 10000; i++)
		memcpy(text + i * 3, "€", 3);
	n.title = n.text = text;
	for (int kind = CHANNEL_WEBHOOK; kind < CHANNEL_KINDS; kind++) {
		struct notice_message m;

		assert_int_equal(notice_message(&m, a, (enum channel_kind)kind, "https://x/y", &n,
		    &e), 0);
		if (kind == CHANNEL_HEALTHCHECKS)
			continue;
		json_t *whole = json_loads(m.body, 0, NULL);

		assert_non_null(whole);
		json_decref(whole);
	}
}

/* The words of the catalogue: both ways, each its own. */
static void
every_word_is_found_again(void **state UNUSED)
{
	enum notice_event event;
	enum channel_kind kind;

	for (int i = 0; i < NOTICE_EVENTS; i++) {
		assert_true(notice_event_parse(&event, notice_event_name((enum notice_event)i)));
		assert_int_equal(event, i);
		assert_string_not_equal(notice_event_title((enum notice_event)i), "unknown");
	}
	for (int i = 0; i < CHANNEL_KINDS; i++) {
		assert_true(notice_kind_parse(&kind, notice_kind_name((enum channel_kind)i)));
		assert_int_equal(kind, i);
	}
	assert_false(notice_event_parse(&event, "pigeon"));
	assert_false(notice_kind_parse(&kind, ""));
}

static void
PEER_8_each_kind_of_alarm_is_told_as_this_event(void **state UNUSED)
{
	static const struct {
		const char *kind, *event;
	} want[] = {
		{ "late", "late" }, { "at-risk", "at-risk" }, { "suspicious", "suspicious" },
		{ "storage", "storage" }, { "worker", "worker-silent" },
		{ "test", "test-failed" }, { "missing", "missing" }, { "unread", "missing" },
		{ "rto", "rto" }, { "held", "held" }, { "proof", "missing" },
	};
	enum notice_event event;
	size_t count = sizeof want / sizeof *want;

	for (size_t i = 0; i < count; i++) {
		assert_string_equal(notice_alarm_kind(i), want[i].kind);
		assert_true(notice_of_alarm(&event, want[i].kind));
		assert_string_equal(notice_event_name(event), want[i].event);
	}
	assert_null(notice_alarm_kind(count));
	assert_false(notice_of_alarm(&event, "pigeon"));
}

/* From 5 s to 24 h, growing, ten tries in all. */
static void
waits_grow_and_end(void **state UNUSED)
{
	int64_t last = 0, sum = 0;

	for (int i = 1; i < 10; i++) {
		int64_t wait = notice_retry_ms(NOTICE_LATE, i);

		assert_true(wait > last);
		last = wait;
		sum += wait;
	}
	assert_int_equal(notice_retry_ms(NOTICE_LATE, 1), 5000);
	assert_int_equal(last, 24 * 3600 * 1000);
	assert_true(sum > INT64_C(3) * 86400000);
	assert_int_equal(notice_retry_ms(NOTICE_LATE, 10), -1);
	assert_int_equal(notice_retry_ms(NOTICE_ALIVE, 1), -1);
	assert_int_equal(notice_retry_ms(NOTICE_BACKUP_STARTED, 1), -1);
}

/* The example of the specification's own documents. */
static void
PEER_9_signatures_are_those_of_standard_webhooks(void **state)
{
	struct hooksign what = { .id = "msg_p5jXN8AQM9LWM0D4loKWxJek", .timestamp_s = 1614265330,
		.body = "{\"test\": 2432232314}",
		.secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" };
	struct arena *a = *state;
	char *text, *secret;

	assert_int_equal(hooksign_make(&text, a, &what, &e), 0);
	assert_string_equal(text, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	secret = hooksign_secret(a);
	assert_int_equal(hooksign_check(secret, &e), 0);
	assert_string_not_equal(secret, hooksign_secret(a));
	assert_int_equal(hooksign_check("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &e), -1);
	assert_int_equal(hooksign_check("whsec_", &e), -1);
	assert_int_equal(hooksign_check("whsec_not base64!", &e), -1);
	assert_int_equal(hooksign_check("whsec_AAAA", &e), -1);
	what.secret = "whsec_AAAA";
	assert_int_equal(hooksign_make(&text, a, &what, &e), -1);
}

static int
begin(void **state)
{
	*state = arena_new();
	return 0;
}

static int
end(void **state)
{
	arena_free(*state);
	return 0;
}
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(PEER_9_a_webhook_is_sent_what_waits),
		TEST(PEER_9_slack_gets_blocks_in_which_nobody_is_called),
		TEST(PEER_9_teams_gets_an_adaptive_card_of_plain_runs),
		TEST(PEER_9_ntfy_gets_its_topic_in_the_body),
		TEST(PEER_8_healthchecks_are_pinged_in_pairs),
		TEST(long_texts_are_cut_between_characters),
		cmocka_unit_test(every_word_is_found_again),
		cmocka_unit_test(PEER_8_each_kind_of_alarm_is_told_as_this_event),
		cmocka_unit_test(waits_grow_and_end),
		TEST(PEER_9_signatures_are_those_of_standard_webhooks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
