/* curls.c: what every handle of libcurl in this house is told. */
#include "lib/util/curls.h"

void
curls_guard(CURL *c, const char *protocols, const char *ca_file)
{
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	if (*ca_file != '\0') {
		curl_easy_setopt(c, CURLOPT_CAINFO, ca_file);
		curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	}
}

void
curls_guard_http(CURL *c, const char *ca_file)
{
	curls_guard(c, "http,https", ca_file);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "Lazarette/" LAZARETTE_VERSION);
}

void
curls_easy_freep(CURL **c)
{
	if (*c != NULL)
		curl_easy_cleanup(*c);
}

void
curls_list_freep(struct curl_slist **l)
{
	curl_slist_free_all(*l);
}
