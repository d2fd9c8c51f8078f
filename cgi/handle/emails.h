/* emails.h: a field that takes several e-mail addresses. */
#ifndef CGI_HANDLE_EMAILS_H
#define CGI_HANDLE_EMAILS_H

#include "cgi/http/request.h"

/* One address a line; commas and spaces part them too. *kept has one line each, or what was typed
 * when something is wrong: then the sentence is given, else NULL. */
const char *emails_read(const char **kept, const struct request *rq, const char *field);

#endif
