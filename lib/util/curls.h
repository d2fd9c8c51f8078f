/* curls.h: what every handle of libcurl in this house is told, whomever it talks to. */
#ifndef LIB_UTIL_CURLS_H
#define LIB_UTIL_CURLS_H

#include <curl/curl.h>

/* Only these protocols ("smtps"); no proxy, no netrc, no signals, whatever the environment says;
 * TLS 1.2 or newer with the other side's certificate and name checked, against `ca_file` alone
 * where that is not "". */
void curls_guard(CURL *c, const char *protocols, const char *ca_file);

/* The same for HTTP: 1.1, no redirects, our name as the user agent. */
void curls_guard_http(CURL *c, const char *ca_file);

/* For CLEANUP(). */
void curls_easy_freep(CURL **c);
void curls_list_freep(struct curl_slist **l);

#endif
