/* smtp.c: one mail through libESMTP, with what that library needs to be safe (measured with 1.1.0):
 *
 *   - our own SSL_CTX: the built-in one is used after it was freed
 *   - TLS 1.2 at most: with 1.3 a session ticket makes it wait for an answer it has not asked for
 *   - success is the status of message and recipient, never the result of smtp_start_session()
 *   - a refused or missing sign-in does not stop it: we look for 235 ourselves, and close the
 *     connection before MAIL FROM without it; likewise before anything is said in clear that must
 *     not be
 *   - in clear only to this host, and only when told so
 *   - time-outs of minutes unless overridden; connect() has none: the caller has an alarm
 *   - no check of addresses and headers: bytes that could end a line are refused here
 */
#include "lib/util/smtp.h"

#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* libesmtp.h needs these before it. */
#include <auth-client.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <libesmtp.h>

#include "lib/base/arena.h"
#include "lib/base/fd.h"
#include "lib/base/utf8.h"
#include "lib/util/smtps.h"

enum { REPLY_MAX = 200, FDS_MAX = 1024, HOST_MAX = 256 };

/* What we learn while libESMTP talks. */
struct talk {
	const struct conf_mail *conf;
	const struct mail *mail;
	bool was_open[FDS_MAX];       /* sockets that are not libESMTP's */
	int fd;                       /* its connection, -1 until connected */
	bool message_given;
	bool tls, signed_in;
	bool stopped;                 /* we closed it: a sign-in was wanted and had not happened */
	char reply[REPLY_MAX];        /* the last refusal of the server */
	char why[REPLY_MAX];          /* the fault that libESMTP only tells by an event */
	char host[HOST_MAX], server[HOST_MAX];
};

/* What libESMTP gives us to free. */
struct session {
	smtp_session_t smtp;
	auth_context_t auth;
	SSL_CTX *tls;
};

static void
session_end(struct session *s)
{
	if (s->smtp != NULL)
		smtp_destroy_session(s->smtp);
	if (s->auth != NULL) {
		auth_destroy_context(s->auth);
		auth_client_exit();
	}
	SSL_CTX_free(s->tls);
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool
is_connection(int fd, union address *peer)
{
	socklen_t size = sizeof *peer;

	return getpeername(fd, &peer->any, &size) == 0 &&
	    (peer->any.sa_family == AF_INET || peer->any.sa_family == AF_INET6);
}

static bool
is_this_host(const union address *peer)
{
	if (peer->any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&peer->v6.sin6_addr);
	return ntohl(peer->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* libESMTP does not say which descriptor it uses: it is the connection that was not there. */
static void
meet(struct talk *t)
{
	union address peer;

	for (int fd = 0; fd < FDS_MAX && t->fd < 0; fd++)
		if (!t->was_open[fd] && is_connection(fd, &peer))
			t->fd = fd;
	/* In clear only where nobody can listen, whatever the configuration says. */
	if (t->fd >= 0 && t->conf->insecure && !is_this_host(&peer)) {
		snprintf(t->why, sizeof t->why, "insecure = yes is for a relay on this host only");
		shutdown(t->fd, SHUT_RDWR);
	}
}

static void
copy_line(char out[REPLY_MAX], const char *text, size_t n)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	size_t line = 0;

	while (line < n && line < REPLY_MAX / 4 * 3 && text[line] != '\r' && text[line] != '\n')
		line++;
	snprintf(out, REPLY_MAX, "%s", utf8_clean(a, text, line));
}

/* The verbs that may go over the wire before TLS. */
static bool
may_be_clear(const char *p, size_t n)
{
	static const char *const verbs[] = { "EHLO ", "HELO ", "STARTTLS", "QUIT" };

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (n >= strlen(verbs[i]) && strncasecmp(p, verbs[i], strlen(verbs[i])) == 0)
			return true;
	return false;
}

/* Called with each piece just before it is written, and after it was read. */
static void
monitor(const char *p, int size, int writing, void *arg)
{
	struct talk *t = arg;
	size_t n = size > 0 ? (size_t)size : 0;

	if (writing == SMTP_CB_READING) {
		if (n > 3 && memcmp(p, "235", 3) == 0)
			t->signed_in = true;
		if (n > 3 && (p[0] == '4' || p[0] == '5'))
			copy_line(t->reply, p, n);
		return;
	}
	if (!t->tls && !t->conf->insecure && !may_be_clear(p, n)) {
		snprintf(t->why, sizeof t->why, "the connection is not encrypted");
	} else if (*t->conf->user != '\0' && !t->signed_in && n > 5 &&
	    strncasecmp(p, "MAIL ", 5) == 0) {
		t->stopped = true;
	} else {
		return;
	}
	/* There is no way to tell libESMTP to stop; a closed connection it understands. */
	if (t->fd >= 0)
		shutdown(t->fd, SHUT_RDWR);
}

static void
event(smtp_session_t session UNUSED, int number, void *arg, ...)
{
	struct talk *t = arg;
	const char *name;
	long result;
	va_list ap;
	int *ok;

	va_start(ap, arg);
	switch (number) {
	case SMTP_EV_CONNECT:
		/* A second address is tried after the first has failed. */
		t->fd = -1;
		meet(t);
		break;
	case SMTP_EV_STARTTLS_OK:
		t->tls = true;
		break;
	case SMTP_EV_EXTNA_STARTTLS:
		snprintf(t->why, sizeof t->why, "it does not offer STARTTLS");
		break;
	case SMTP_EV_INVALID_PEER_CERTIFICATE:
		result = va_arg(ap, long);
		ok = va_arg(ap, int *);
		*ok = 0;
		snprintf(t->why, sizeof t->why, "its certificate was refused: %s",
		    X509_verify_cert_error_string(result));
		break;
	case SMTP_EV_WRONG_PEER_CERTIFICATE:
		ok = va_arg(ap, int *);
		name = va_arg(ap, const char *);
		*ok = 0;
		copy_line(t->reply, name, strlen(name));
		snprintf(t->why, sizeof t->why, "its certificate is for '%.60s', not for '%.60s'",
		    t->reply, t->host);
		break;
	case SMTP_EV_NO_PEER_CERTIFICATE:
	case SMTP_EV_WEAK_CIPHER:
		snprintf(t->why, sizeof t->why, "its TLS is too weak");
		break;
	default:
		break;
	}
	va_end(ap);
}

/* The whole message, once. libESMTP asks with len NULL to begin anew. */
static const char *
give_message(void **ctx UNUSED, int *len, void *arg)
{
	struct talk *t = arg;

	if (len == NULL) {
		t->message_given = false;
		return NULL;
	}
	*len = t->message_given ? 0 : (int)t->mail->message_size;
	t->message_given = true;
	return *len > 0 ? t->mail->message : NULL;
}

static int
give_secret(auth_client_request_t request, char **result, int fields, void *arg)
{
	const struct talk *t = arg;

	for (int i = 0; i < fields; i++) {
		if (request[i].flags & AUTH_USER)
			result[i] = (char *)(uintptr_t)t->conf->user;
		else if (request[i].flags & AUTH_PASS)
			result[i] = (char *)(uintptr_t)t->conf->password;
		else
			return 0;
	}
	return 1;
}

/* -- what may go wrong before anything is sent -- */

static int
check_address(const char *what, const char *address, struct err *e)
{
	if (*address == '\0')
		return err_set(e, ERR_INPUT, "the mail has no %s", what);
	for (const char *p = address; *p != '\0'; p++)
		if ((unsigned char)*p <= 0x20 || *p == 0x7f || *p == '<' || *p == '>')
			return err_set(e, ERR_INPUT,
			    "the %s of the mail has a character that no address has", what);
	return 0;
}

static int
check(const struct conf_mail *conf, const struct mail *m, struct err *e)
{
	if (check_address("sender", conf->from, e) != 0 ||
	    check_address("recipient", m->recipient, e) != 0)
		return -1;
	if (m->message_size < 2 || m->message_size > INT32_MAX ||
	    memchr(m->message, '\0', m->message_size) != NULL ||
	    memcmp(m->message + m->message_size - 2, "\r\n", 2) != 0)
		return err_set(e, ERR_INPUT, "the message is not one that mime.h made");
	return 0;
}

/* "smtp://host:port" into "host" and "host:port". */
static int
read_server(struct talk *t, struct err *e)
{
	static const char scheme[] = "smtp://";
	const char *from = t->conf->server, *colon;
	int n;

	if (strncmp(from, scheme, strlen(scheme)) != 0)
		return err_set(e, ERR_INPUT, "mail server '%s' is neither smtp:// nor smtps://",
		    from);
	from += strlen(scheme);
	n = (int)strcspn(from, "/");
	colon = memchr(from, ':', (size_t)n);
	snprintf(t->host, sizeof t->host, "%.*s", colon ? (int)(colon - from) : n, from);
	if (snprintf(t->server, sizeof t->server, "%.*s%s", n, from, colon ? "" : ":587") >=
	        (int)sizeof t->server ||
	    *t->host == '\0')
		return err_set(e, ERR_INPUT, "mail server '%s' has no usable host name",
		    t->conf->server);
	return 0;
}

static int
set_up_tls(struct session *s, const struct conf_mail *conf, struct err *e)
{
	int ok;

	if (conf->insecure) {
		smtp_starttls_enable(s->smtp, Starttls_DISABLED);
		return 0;
	}
	s->tls = SSL_CTX_new(TLS_client_method());
	if (s->tls == NULL)
		return err_set(e, ERR_INTERNAL, "OpenSSL could not start");
	SSL_CTX_set_min_proto_version(s->tls, TLS1_2_VERSION);
	SSL_CTX_set_max_proto_version(s->tls, TLS1_2_VERSION);
	ok = *conf->ca_file != '\0' ? SSL_CTX_load_verify_locations(s->tls, conf->ca_file, NULL)
				    : SSL_CTX_set_default_verify_paths(s->tls);
	if (ok != 1)
		return err_set(e, ERR_BUSY, "mail ca_file '%s' cannot be read", conf->ca_file);
	smtp_starttls_enable(s->smtp, Starttls_REQUIRED);
	smtp_starttls_set_ctx(s->smtp, s->tls);
	return 0;
}

static int
set_up_auth(struct session *s, struct talk *t, struct err *e)
{
	if (*t->conf->user == '\0')
		return 0;
	if (t->conf->insecure)
		return err_set(e, ERR_INPUT,
		    "mail insecure = yes and a user: a password never goes out in clear");
	auth_client_init();
	s->auth = auth_create_context();
	if (s->auth == NULL)
		return err_set(e, ERR_INTERNAL, "libESMTP could not start its sign-in");
	auth_set_mechanism_flags(s->auth, AUTH_PLUGIN_PLAIN, 0);
	auth_set_interact_cb(s->auth, give_secret, t);
	smtp_auth_set_context(s->smtp, s->auth);
	return 0;
}

static void
set_timeouts(smtp_session_t smtp, int64_t ms)
{
	static const int which[] = { Timeout_GREETING, Timeout_ENVELOPE, Timeout_DATA,
		Timeout_TRANSFER, Timeout_DATA2 };

	for (size_t i = 0; i < sizeof which / sizeof *which; i++)
		smtp_set_timeout(smtp, which[i] | Timeout_OVERRIDE_RFC2822_MINIMUM, (long)ms);
}

/* -- what went wrong -- */

static int
refused(struct err *e, enum err_kind kind, const char *what, const smtp_status_t *status)
{
	char text[REPLY_MAX];

	copy_line(text, status->text ? status->text : "", status->text ? strlen(status->text) : 0);
	return err_set(e, kind, "the mail server refused %s: %s (%d)", what, text, status->code);
}

static int
explain(const struct talk *t, smtp_message_t message, smtp_recipient_t recipient, struct err *e)
{
	const smtp_status_t *sender = smtp_reverse_path_status(message);
	const smtp_status_t *who = smtp_recipient_status(recipient);
	const smtp_status_t *whole = smtp_message_transfer_status(message);
	char words[128] = "";
	int number = smtp_errno();

	if (*t->why != '\0')
		return err_set(e, ERR_BUSY, "nothing was sent to the mail server '%s': %s",
		    t->server, t->why);
	if (t->stopped)
		return err_set(e, ERR_BUSY,
		    "the mail server '%s' did not let us sign in (%s): "
		    "check mail user and password_file",
		    t->server, *t->reply != '\0' ? t->reply : "it offers no sign-in that we know");
	if (sender->code >= 400)
		return refused(e, ERR_BUSY, "the sender", sender);
	if (who->code >= 400)
		return refused(e, who->code >= 500 ? ERR_INPUT : ERR_BUSY, "the recipient", who);
	if (whole->code >= 400)
		return refused(e, whole->code >= 500 ? ERR_INPUT : ERR_BUSY, "the message", whole);
	if (*t->reply != '\0')
		return err_set(e, ERR_BUSY, "the mail server '%s' answered: %s", t->server,
		    t->reply);
	if (number < 0)
		return err_set(e, ERR_BUSY, "cannot reach the mail server '%s': %s", t->server,
		    strerror_r(-number, words, sizeof words));
	if (t->fd < 0)
		return err_set(e, ERR_BUSY, "cannot reach the mail server '%s': %s", t->server,
		    smtp_strerror(number, words, sizeof words) ? words : "unknown host");
	return err_set(e, ERR_BUSY,
	    "the mail server '%s' closed the connection or did not answer in time", t->server);
}

static int
converse(struct session *s, struct talk *t, struct err *e)
{
	const char *domain = strrchr(t->conf->from, '@');
	smtp_recipient_t recipient;
	smtp_message_t message;
	int started;

	s->smtp = smtp_create_session();
	message = s->smtp ? smtp_add_message(s->smtp) : NULL;
	recipient = message ? smtp_add_recipient(message, t->mail->recipient) : NULL;
	if (recipient == NULL || !smtp_set_server(s->smtp, t->server))
		return err_set(e, ERR_INTERNAL, "libESMTP could not start");
	smtp_set_hostname(s->smtp, domain ? domain + 1 : "localhost");
	smtp_set_eventcb(s->smtp, event, t);
	smtp_set_monitorcb(s->smtp, monitor, t, 0);
	set_timeouts(s->smtp, t->conf->timeout_ms);
	if (set_up_tls(s, t->conf, e) != 0 || set_up_auth(s, t, e) != 0)
		return -1;
	smtp_set_reverse_path(message, t->conf->from);
	smtp_set_messagecb(message, give_message, t);
	started = smtp_start_session(s->smtp);
	if (started == 1 && smtp_message_transfer_status(message)->code / 100 == 2 &&
	    smtp_recipient_status(recipient)->code / 100 == 2 && !t->stopped)
		return 0;
	return explain(t, message, recipient, e);
}

static int
send_to_server(const struct conf_mail *conf, const struct mail *m, struct err *e)
{
	CLEANUP(session_end) struct session s = { 0 };
	struct talk t = { .conf = conf, .mail = m, .fd = -1 };
	union address ignored;

	if (read_server(&t, e) != 0)
		return -1;
	for (int fd = 0; fd < FDS_MAX; fd++)
		t.was_open[fd] = is_connection(fd, &ignored);
	return converse(&s, &t, e);
}

/* No server: the mail becomes a file, named by its id, so that a second try is the same file. */
static int
send_to_folder(const struct conf_mail *conf, const struct mail *m, struct err *e)
{
	char path[PATH_MAX];
	size_t folder;
	int n = snprintf(path, sizeof path, "%s/%s.eml", conf->folder, m->message_id);

	if (n < 0 || n >= (int)sizeof path)
		return err_set(e, ERR_INTERNAL, "mail folder: path too long");
	folder = strlen(conf->folder) + 1;
	for (char *p = path + folder; *p != '\0'; p++)
		if (*p == '/' || (unsigned char)*p <= 0x20 || (*p == '.' && p == path + folder))
			*p = '_';
	if (fd_make_path(conf->folder, e) != 0)
		return -1;
	return fd_put_file(path, m->message, m->message_size, 0600, e);
}

int
smtp_send(const struct conf_mail *conf, const struct mail *m, struct err *e)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	int rc;

	if (check(conf, m, e) != 0)
		return -1;
	if (*conf->server == '\0')
		return send_to_folder(conf, m, e);
	/* Neither library keeps a server that hangs up from killing us. */
	sigaction(SIGPIPE, &ignore, &before);
	if (strncmp(conf->server, "smtps://", 8) == 0)
		rc = smtps_send(conf, m, e);
	else
		rc = send_to_server(conf, m, e);
	sigaction(SIGPIPE, &before, NULL);
	return rc;
}
