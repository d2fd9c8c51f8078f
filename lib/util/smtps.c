/* smtps.c: one mail over TLS from the first byte on, through libcurl. */
#include "lib/util/smtps.h"

#include <stdbool.h>
#include <string.h>

#include "lib/util/curls.h"

struct talk {
	const struct mail *mail;
	size_t at;                    /* bytes of the message that were taken */
	bool wants_sign_in, signed_in;
	char detail[CURL_ERROR_SIZE];
};

/* libcurl goes on unauthenticated when no sign-in is offered: only its log shows the answer 235. */
static int
watch(CURL *c UNUSED, curl_infotype type, char *p, size_t n, void *arg)
{
	struct talk *t = arg;

	if (type == CURLINFO_HEADER_IN && n > 3 && memcmp(p, "235", 3) == 0)
		t->signed_in = true;
	return 0;
}

static size_t
read_message(char *to, size_t size, size_t count, void *arg)
{
	struct talk *r = arg;
	size_t n = r->mail->message_size - r->at;

	if (r->wants_sign_in && !r->signed_in)
		return CURL_READFUNC_ABORT;
	if (n > size * count)
		n = size * count;
	memcpy(to, r->mail->message + r->at, n);
	r->at += n;
	return n;
}

/* What went wrong, in words; kinds as smtp.h promises. */
static int
explain(CURL *c, CURLcode code, const struct talk *t, struct err *e)
{
	const char *detail = *t->detail != '\0' ? t->detail : curl_easy_strerror(code);
	long reply = 0;

	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &reply);
	if (code == CURLE_ABORTED_BY_CALLBACK || (code == CURLE_LOGIN_DENIED && reply < 400))
		return err_set(e, ERR_BUSY,
		    "the mail server did not let us sign in (it offers no sign-in that we know): "
		    "check mail user and password_file");
	if (code == CURLE_LOGIN_DENIED)
		return err_set(e, ERR_BUSY,
		    "the mail server refused the sign-in (%ld): check mail user and password_file",
		    reply);
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
		return err_set(e, ERR_BUSY, "the mail server's certificate was refused: %s",
		    detail);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(e, ERR_BUSY, "the mail server did not answer in time");
	/* A refusal of the recipient or of the message is final; one of the sign-in (53x), the
	 * greeting or the sender can be mended. */
	if ((code == CURLE_SEND_ERROR || t->at > 0) && reply / 100 == 5 && reply / 10 != 53 &&
	    strncmp(detail, "MAIL ", 5) != 0)
		return err_set(e, ERR_INPUT, "the mail server refused the mail: %s (%ld)", detail,
		    reply);
	if (reply >= 400)
		return err_set(e, ERR_BUSY, "the mail server did not take the mail: %s (%ld)",
		    detail, reply);
	return err_set(e, ERR_BUSY, "the mail was not sent: %s", detail);
}

/* Everything that is the same for every mail. */
static void
set_up(CURL *c, const struct conf_mail *conf)
{
	curl_easy_setopt(c, CURLOPT_URL, conf->server);
	curls_guard(c, "smtps", conf->ca_file);
	if (*conf->user != '\0') {
		curl_easy_setopt(c, CURLOPT_USERNAME, conf->user);
		curl_easy_setopt(c, CURLOPT_PASSWORD, conf->password);
	}
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)conf->timeout_ms);
	/* Five steps of a conversation, as smtp.c counts them. */
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)conf->timeout_ms * 5);
	curl_easy_setopt(c, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)(conf->timeout_ms + 999) / 1000);
}

int
smtps_send(const struct conf_mail *conf, const struct mail *m, struct err *e)
{
	CLEANUP(curls_easy_freep) CURL *c = curl_easy_init();
	CLEANUP(curls_list_freep) struct curl_slist *recipients = NULL;
	struct talk t = { .mail = m, .wants_sign_in = *conf->user != '\0' };
	CURLcode code;

	recipients = curl_slist_append(NULL, m->recipient);
	if (c == NULL || recipients == NULL)
		return err_set(e, ERR_INTERNAL, "libcurl could not start");
	set_up(c, conf);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t.detail);
	curl_easy_setopt(c, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, watch);
	curl_easy_setopt(c, CURLOPT_DEBUGDATA, &t);
	curl_easy_setopt(c, CURLOPT_MAIL_FROM, conf->from);
	curl_easy_setopt(c, CURLOPT_MAIL_RCPT, recipients);
	curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, read_message);
	curl_easy_setopt(c, CURLOPT_READDATA, &t);
	code = curl_easy_perform(c);
	if (code != CURLE_OK)
		return explain(c, code, &t, e);
	return 0;
}
